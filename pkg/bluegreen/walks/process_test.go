package walks

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/admission"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/inuse"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/ladder"
)

// decisions are the code under test.
type decisions struct {
	service         func(ladder.State) bluegreen.Decision
	deployment      func(inuse.State) bluegreen.Decision
	confirm         func(before, now inuse.State) bluegreen.Decision
	admitService    func(admission.ServiceWrite) admission.ServiceAnswer
	admitDeployment func(admission.DeploymentWrite) admission.DeploymentAnswer

	// endpoints says why a Job may not run: its pods would get traffic.
	endpoints func([]bluegreen.Service, *batchv1.Job) string

	// blind decides by the cache alone.
	blind bool
}

func production() decisions {
	return decisions{
		service:         ladder.Decide,
		deployment:      inuse.Decide,
		confirm:         inuse.Confirm,
		admitService:    admission.AdmitService,
		admitDeployment: admission.AdmitDeployment,
		endpoints:       bluegreen.Endpoints,
	}
}

// process is one of bluegreen's.
type process struct {
	// number tells processes apart.
	number int

	// cache is what its informers have seen, services, deployments and jobs what they have not, in order.
	cache       objects
	services    []serviceChange
	deployments []deploymentChange
	jobs        []jobChange

	// heard are the Services to look at because something of them has changed that is not in their annotations any more, or a Job.
	heard map[string]bool

	// left is since when traffic has left Deployments, by UID and Service, on the clock of this machine.
	left map[types.UID]map[string]time.Time

	// started is when it began to see what leaves, on the same clock.
	started time.Time

	// skew is how much that is ahead of the API server's.
	skew time.Duration

	// dies ends the process before its next write but so many; never, if it is negative.
	dies int
}

// restart ends the process, and starts another one, whose cache knows all that is stored.
func (w *world) restart() {
	w.recognizeCrash()
	skews := []time.Duration{0, 0, 7 * time.Minute, -7 * time.Minute}
	w.process = process{
		number: w.process.number + 1,
		cache:  w.objects.clone(),
		left:   map[types.UID]map[string]time.Time{},
		heard:  map[string]bool{},
		skew:   skews[w.dice.IntN(len(skews))],
		dies:   -1,
	}
	w.process.started = w.local()
	for _, job := range w.jobs {
		w.process.heard[job.Labels[bluegreen.CheckOf]] = true
	}
	w.said = map[string]bluegreen.Decision{}
}

// local is the time on the clock of the process's machine.
func (w *world) local() time.Time { return w.now.Add(w.process.skew) }

// seeServices lets the process see so many more changes of Services, all if that is negative.
func (w *world) seeServices(count int) {
	see(&w.process.services, count, func(change serviceChange) {
		keep(w.process.cache.services, change.before, change.after)
		w.serviceChanged(change)
		if change.before != nil && change.after != nil && bluegreen.Concerns(change.before) {
			w.process.heard[change.after.Name] = true
		}
	})
}

// seeDeployments does the same with Deployments.
func (w *world) seeDeployments(count int) {
	see(&w.process.deployments, count, func(change deploymentChange) {
		keep(w.process.cache.deployments, change.before, change.after)
		w.deploymentChanged(change)
	})
}

// see takes so many changes out of a queue, all if that is negative.
func see[C any](queue *[]C, count int, seen func(C)) {
	for ; count != 0 && len(*queue) > 0; count-- {
		change := (*queue)[0]
		*queue = (*queue)[1:]
		seen(change)
	}
}

// keep has a cache hold an object as it is after a change; nil is none.
func keep[T any, O interface {
	*T
	metav1.Object
}](cache map[string]O, before, after O) {
	if after != nil {
		cache[after.GetName()] = after
	} else {
		delete(cache, before.GetName())
	}
}

// deploymentChanged forgets what does not matter any more.
func (w *world) deploymentChanged(change deploymentChange) {
	switch {
	case change.after == nil:
		delete(w.process.left, change.before.UID)
	case !bluegreen.Unfinished(change.after):
		delete(w.process.left, change.after.UID)
	case change.before != nil && bluegreen.RolloutHeld(change.before) && !bluegreen.RolloutHeld(change.after):
		w.comeBack(change.after, otherSlots)
	}
}

// Besides names of Services, drains know these.
const (
	otherSlots     = "/slots"
	unknownService = ""
)

// serviceChanged notes which Deployments traffic has left or come back to (pkg/watch/protection/events.go).
func (w *world) serviceChanged(change serviceChange) {
	before, after := w.onItsWay(w.read(change.before)), w.onItsWay(w.read(change.after))
	w.useChanged(before, after)
	name := before.Service
	if after.Exists() {
		name = after.Service
	}
	for _, led := range w.ledBy(name.Name) {
		w.useChanged(led.NextBy(before), led.NextBy(after))
	}
	if before.Leader != "" && before.Leader != after.Leader {
		if leader := w.cachedService(before.Leader); leader.Exists() {
			w.useChanged(leader, leader)
		}
	}
}

func (w *world) useChanged(before, after bluegreen.Service) {
	for _, deployment := range w.cachedDeploymentsOf(before, after) {
		switch {
		case after.HasTrafficOn(deployment):
			w.comeBack(deployment, after.Name)
		case before.HasTrafficOn(deployment):
			w.leave(deployment, before.Name)
		case before.Uses(deployment) && !after.Uses(deployment):
			w.leave(deployment)
		}
	}
}

// leave notes that Services have left a Deployment now, unless that is known already.
func (w *world) leave(deployment *appsv1.Deployment, services ...string) {
	if w.process.left[deployment.UID] == nil {
		w.process.left[deployment.UID] = map[string]time.Time{}
	}
	for _, service := range services {
		if _, known := w.process.left[deployment.UID][service]; !known {
			w.process.left[deployment.UID][service] = w.local()
		}
	}
}

// comeBack notes that a Service uses a Deployment again.
func (w *world) comeBack(deployment *appsv1.Deployment, service string) {
	delete(w.process.left[deployment.UID], service)
	if len(w.process.left[deployment.UID]) == 0 {
		delete(w.process.left, deployment.UID)
	}
}
