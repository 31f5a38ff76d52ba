package main

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"

	"golang.org/x/sync/errgroup"
)

// writers is how many write at once, where many objects are written.
const writers = 32

// each calls a function for 0 to n-1, some at once.
func each(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(writers)
	for i := range n {
		group.Go(func() error { return do(ctx, i) })
	}
	return group.Wait()
}

func nameOf(i int) string { return fmt.Sprintf("web-%d", i) }

func versioned(i int, version string) map[string]string {
	return map[string]string{"name": nameOf(i), "version": version}
}

// newService returns a Service as charts write them, but for a cluster IP: there is no node that would serve it, and the API server
// counts all of them whenever it gives out one, which with 10,000 takes longer than everything that is measured here.
func newService(namespace string, i int, selector map[string]string, annotations map[string]string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: nameOf(i), Annotations: annotations, Labels: chartLabels(i)},
		Spec: corev1.ServiceSpec{
			ClusterIP: corev1.ClusterIPNone,
			Selector:  selector,
			Ports: []corev1.ServicePort{
				{Name: "http", Port: 80, TargetPort: intstr.FromString("http")},
				{Name: "metrics", Port: 9090, TargetPort: intstr.FromString("metrics")},
			},
		},
	}
}

func chartLabels(i int) map[string]string {
	return map[string]string{
		"app.kubernetes.io/name": nameOf(i), "app.kubernetes.io/instance": nameOf(i), "app.kubernetes.io/managed-by": "Helm",
		"helm.sh/chart": "web-1.2.3", "app.kubernetes.io/part-of": "shop",
	}
}

// newDeployment returns a Deployment of a version, as charts write them.
func newDeployment(namespace string, i int, version string) *appsv1.Deployment {
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: nameOf(i) + "-" + version, Labels: chartLabels(i)},
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To[int32](1),
			Selector: &metav1.LabelSelector{MatchLabels: versioned(i, version)},
			Template: newTemplate(versioned(i, version), version),
		},
	}
}

func newTemplate(labels map[string]string, version string) corev1.PodTemplateSpec {
	healthz := &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromString("http")}
	probe := &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: healthz}}
	resources := corev1.ResourceRequirements{
		Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("128Mi")},
		Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("256Mi")},
	}
	container := corev1.Container{
		Name: "web", Image: "registry.example.org/shop/web:" + version, LivenessProbe: probe, ReadinessProbe: probe, Resources: resources,
		Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}, {Name: "metrics", ContainerPort: 9090}},
	}
	for i := range 12 {
		container.Env = append(container.Env, corev1.EnvVar{Name: fmt.Sprintf("SETTING_%d", i), Value: "a value as long as they usually are"})
	}
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: labels},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{container},
			Volumes:    []corev1.Volume{{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
		},
	}
}

// setAvailable plays the Deployment controller: it reports that a Deployment has its pods, or not.
func setAvailable(ctx context.Context, clients kubernetes.Interface, namespace, name string, is bool) error {
	status, reason, count := "False", "MinimumReplicasUnavailable", 0
	if is {
		status, reason, count = "True", "MinimumReplicasAvailable", 1
	}
	now := metav1.Now().UTC().Format(time.RFC3339)
	patch := fmt.Appendf(nil, `{"status":{"observedGeneration":1000000,"replicas":1,"updatedReplicas":1,
		"readyReplicas":%d,"availableReplicas":%d,"conditions":[
		{"type":"Available","status":%q,"reason":%q,"message":"Deployment has or has not minimum availability.",
		"lastUpdateTime":%q,"lastTransitionTime":%q}]}}`,
		count, count, status, reason, now, now)
	_, err := clients.AppsV1().Deployments(namespace).Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}

func selects(key, value string) func(*corev1.Service) bool {
	return func(s *corev1.Service) bool { return s.Spec.Selector[key] == value }
}

func ensureNamespace(ctx context.Context, clients kubernetes.Interface, name string) error {
	_, err := clients.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	return err
}
