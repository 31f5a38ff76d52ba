//go:build e2e

package clients

import (
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// createCheck creates a CronJob whose pods no scheduler takes, so that only a test ends them.
func (ns *namespace) createCheck(name string) {
	ns.Helper()
	cronJob := &batchv1.CronJob{ObjectMeta: metav1.ObjectMeta{Name: name}}
	cronJob.Spec.Schedule, cronJob.Spec.Suspend = "0 0 1 1 *", new(true)
	cronJob.Spec.JobTemplate.Spec.Template.Spec = corev1.PodSpec{
		SchedulerName: "nobody",
		RestartPolicy: corev1.RestartPolicyNever,
		Containers:    []corev1.Container{{Name: "check", Image: "nginx:1.12"}},
	}
	if _, err := cluster.BatchV1().CronJobs(ns.name).Create(ns.Context(), cronJob, metav1.CreateOptions{}); err != nil {
		ns.Fatal(err)
	}
}

// checkRuns waits until bluegreen has recorded the Job of a check.
func (c *cell) checkRuns() {
	c.Helper()
	c.awaitService(service, "a check", func(s *corev1.Service) bool { return s.Annotations[bluegreen.ChecksKey] != "" })
}

// checkSucceeds is the kubelet of the pod of a check, which succeeds.
func (ns *namespace) checkSucceeds() {
	ns.Helper()
	pods := cache.NewListWatchFromClient(cluster.CoreV1().RESTClient(), "pods", ns.name, fields.Everything())
	pod := harness.Await(ns, pods, "a pod of a check", func(pod *corev1.Pod) bool { return pod.Labels[batchv1.JobNameLabel] != "" })
	_, err := cluster.CoreV1().Pods(ns.name).Patch(ns.Context(), pod.Name, types.StrategicMergePatchType,
		[]byte(`{"status":{"phase":"Succeeded"}}`), metav1.PatchOptions{}, "status")
	if err != nil {
		ns.Fatal(err)
	}
}
