package walks

import (
	"fmt"
	"maps"
	"reflect"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// objects are the Services, Deployments and Jobs of a namespace, by name. A stored object is never changed: a write stores another one.
type objects struct {
	services    map[string]*corev1.Service
	deployments map[string]*appsv1.Deployment
	jobs        map[string]*batchv1.Job
}

func noObjects() objects {
	return objects{services: map[string]*corev1.Service{}, deployments: map[string]*appsv1.Deployment{}, jobs: map[string]*batchv1.Job{}}
}

func (o objects) clone() objects {
	return objects{services: maps.Clone(o.services), deployments: maps.Clone(o.deployments), jobs: maps.Clone(o.jobs)}
}

// at returns the Service of a name; nil if there is none.
func (o objects) at(name string) *corev1.Service { return o.services[name] }

// actor is who writes.
type actor string

const (
	user       actor = "a user"
	ours       actor = "bluegreen"
	kubernetes actor = "Kubernetes"
	forger     actor = "a forger" // He writes past webhook and policy.
)

// act is a write's circumstances: who makes it, and of bluegreen also why, and what it has looked at.
type act struct {
	by  actor
	why bluegreen.Reason

	// cached is what the process knew from its cache, confirmed what it has read from the API server last.
	cached, confirmed objects

	// attempt is how many attempts were recorded before, of the Service whose check it starts.
	attempt int
}

// serviceChange is a Service as it was and as it is; nil where it did not exist, or does not.
type serviceChange struct {
	act
	before, after *corev1.Service
}

// deploymentChange is the same of a Deployment.
type deploymentChange struct {
	act
	before, after *appsv1.Deployment
}

// cluster is the API server of one namespace.
type cluster struct {
	objects
	now      time.Time
	revision int64
	uids     int

	// running are the pods of Deployments, by the Deployment's UID.
	running map[types.UID]*pods

	// orphans are pods that a deleted Deployment left behind, by its name.
	orphans map[string][]set

	// cronJobs are the labels of the pods of CronJobs, by name.
	cronJobs map[string]map[string]string
}

// newUID returns one that no object had before.
func (c *cluster) newUID() types.UID {
	c.uids++
	return types.UID("uid-" + strconv.Itoa(c.uids))
}

func (c *cluster) nextRevision() string {
	c.revision++
	return strconv.FormatInt(c.revision, 10)
}

// storeService stores a Service, or takes it away.
func (w *world) storeService(by act, before, after *corev1.Service) {
	if after != nil {
		after.ResourceVersion = w.nextRevision()
		w.services[after.Name] = after
	} else {
		delete(w.services, before.Name)
	}
	change := serviceChange{act: by, before: before, after: after}
	w.process.services = append(w.process.services, change)
	w.judgeService(change)
}

// storeDeployment stores a Deployment, or takes it away. Without finalizers, nothing keeps one under deletion.
func (w *world) storeDeployment(by act, before, after *appsv1.Deployment) {
	if after != nil && after.DeletionTimestamp != nil && len(after.Finalizers) == 0 {
		after = nil
	}
	if after != nil {
		if before != nil && specDiffers(before, after) {
			after.Generation = before.Generation + 1
		}
		after.ResourceVersion = w.nextRevision()
		w.deployments[after.Name] = after
	} else {
		delete(w.deployments, before.Name)
	}
	change := deploymentChange{act: by, before: before, after: after}
	w.process.deployments = append(w.process.deployments, change)
	w.judgeDeployment(change)
	if after == nil {
		w.collect(before)
	}
}

// specDiffers reports whether the API server counts a write of a Deployment: a change of its spec, of its annotations, or its deletion.
func specDiffers(before, after *appsv1.Deployment) bool {
	return !maps.Equal(before.Annotations, after.Annotations) || (before.DeletionTimestamp == nil) != (after.DeletionTimestamp == nil) ||
		before.Spec.Paused != after.Spec.Paused || *before.Spec.Replicas != *after.Spec.Replicas ||
		!sameTemplate(&before.Spec.Template, &after.Spec.Template)
}

func sameTemplate(one, other *corev1.PodTemplateSpec) bool {
	return maps.Equal(one.Labels, other.Labels) && one.Spec.Containers[0].Image == other.Spec.Containers[0].Image
}

// createService stores a new Service, as users do.
func (w *world) createService(manifest *corev1.Service) {
	admitted, refusal := w.admitService(nil, manifest)
	if refusal != "" {
		w.tell("refused: %s", refusal)
		return
	}
	admitted.UID, admitted.Generation = w.newUID(), 1
	w.storeService(act{by: user}, nil, admitted)
}

// writeService edits a Service, as users do.
func (w *world) writeService(name string, edit func(*corev1.Service)) {
	before := w.services[name]
	if before == nil {
		return
	}
	wanted := before.DeepCopy()
	if wanted.Annotations == nil {
		wanted.Annotations = map[string]string{}
	}
	edit(wanted)
	admitted, refusal := w.admitService(before, wanted)
	w.judgeAnswer(before, wanted, admitted, refusal)
	switch {
	case refusal != "":
		w.tell("refused: %s", refusal)
	case !reflect.DeepEqual(before, admitted):
		w.storeService(act{by: user}, before, admitted)
	}
}

func (w *world) deleteService(name string) {
	if before := w.services[name]; before != nil {
		w.storeService(act{by: user}, before, nil)
		w.collectJobs()
	}
}

// writeDeployment edits a Deployment, as users do.
func (w *world) writeDeployment(name string, edit func(*appsv1.Deployment)) {
	before := w.deployments[name]
	if before == nil {
		return
	}
	wanted := before.DeepCopy()
	edit(wanted)
	admitted, refusal := w.admitDeployment(before, wanted)
	w.judgeHeld(before, wanted, admitted, refusal)
	if refusal == "" && !reflect.DeepEqual(before, admitted) {
		w.storeDeployment(act{by: user}, before, admitted)
	}
}

// scale is kubectl scale, and an autoscaler: no webhook is asked.
func (w *world) scale(name string, replicas int32) {
	if before := w.deployments[name]; before != nil && *before.Spec.Replicas != replicas {
		after := before.DeepCopy()
		after.Spec.Replicas = &replicas
		w.storeDeployment(act{by: user}, before, after)
	}
}

// deleteDeployment deletes in the background.
func (w *world) deleteDeployment(name string) {
	before := w.deployments[name]
	if before == nil || before.DeletionTimestamp != nil {
		return
	}
	after := before.DeepCopy()
	after.DeletionTimestamp = new(metav1.NewTime(w.now.Truncate(time.Second)))
	w.storeDeployment(act{by: user}, before, after)
}

// summary is an object in one line, for a story.
func summary(object any) string {
	switch object := object.(type) {
	case *corev1.Service:
		if object != nil {
			return fmt.Sprintf("Service %s on %v, %v", object.Name, object.Spec.Selector, object.Annotations)
		}
	case *appsv1.Deployment:
		if object != nil {
			return fmt.Sprintf("Deployment %s (%s), %d replicas, %d available, generation %d/%d, pods %v, notes %v, finalizers %v, paused %t, "+
				"deleted %t", object.Name, object.UID, *object.Spec.Replicas, object.Status.AvailableReplicas, object.Status.ObservedGeneration,
				object.Generation, object.Spec.Template.Labels, object.Annotations, object.Finalizers, object.Spec.Paused,
				object.DeletionTimestamp != nil)
		}
	}
	return "nothing"
}
