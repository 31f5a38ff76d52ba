package render

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/view"
)

// Facts are what there is to say about a Service and all below it, a line each and without ages, for a log that shows what is new.
func Facts(of view.View) []string {
	var facts []string
	for _, service := range append([]view.Service{of.Service}, of.Led...) {
		facts = append(facts, factOf(service))
		for _, deployment := range service.Deployments {
			facts = append(facts, factsOf(deployment)...)
		}
		for _, job := range service.Jobs {
			facts = append(facts, factsOfJob(job)...)
		}
	}
	return facts
}

func factOf(service view.Service) string {
	fact := fmt.Sprintf("Service %s: %s on %s", service.Name, service.Phase(), service.Describe())
	if message := service.Message(); message != "" {
		fact += ": " + message
	}
	return fact
}

func factsOf(deployment view.Deployment) []string {
	facts := []string{fmt.Sprintf("Deployment %s (%s): %d of %d replicas ready", deployment.Name, deployment.Role,
		deployment.Status.ReadyReplicas, bluegreen.Replicas(deployment.Deployment))}
	if trouble := deployment.Trouble(); trouble != "" {
		facts = append(facts, fmt.Sprintf("Deployment %s: %s", deployment.Name, trouble))
	}
	for _, set := range deployment.ReplicaSets {
		facts = append(facts, troubles(set.Pods)...)
	}
	return facts
}

func factsOfJob(job view.Job) []string {
	fact := fmt.Sprintf("Job %s (check of %s): %s", job.Name, job.Version, job.State())
	if job.Why != "" {
		fact += fmt.Sprintf(": %s (%s)", job.Why, job.Look())
	}
	if job.Result == bluegreen.CheckSucceeded {
		return []string{fact}
	}
	return append([]string{fact}, troubles(job.Pods)...)
}

// troubles are what is wrong with pods.
func troubles(pods []view.Pod) []string {
	var facts []string
	for _, pod := range pods {
		if pod.Look != "" {
			facts = append(facts, fmt.Sprintf("Pod %s: %s: %s (%s)", pod.Name, pod.State, pod.Why, pod.Look))
		}
	}
	return facts
}

// Fact is what there is to say about one of several Services, in a line without ages.
func Fact(object *corev1.Service, withNamespace bool) string {
	fact := factOf(view.Service{Service: bluegreen.Read(object)})
	if withNamespace {
		fact = "Namespace " + object.Namespace + ", " + fact
	}
	return fact
}
