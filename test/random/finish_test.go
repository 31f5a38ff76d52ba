package random

import (
	"encoding/json"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// finish ends all writes, makes ready what is asked for, and expects that it is reached, also after a rollback, and that nothing moves
// after that.
func (w *world) finish() {
	w.t.Helper()
	w.recover()
	w.roundTrip()
	for _, key := range w.services {
		w.repair(key)
		w.endWaits(key)
	}
	w.restoreVersionLabel()
	for _, key := range w.deployments {
		w.restoreLabels(key)
	}
	for round := 0; w.makeReady(round); round++ {
		w.barrier()
	}
	w.await("every ask is reached and nothing is left behind", w.unsettled)
	w.rollBack()
	w.await("nothing is left behind of a rollback", w.unsettled)
	w.barrier()
	w.expectQuiet()
}

// rollBack has traffic of one Service return in the end: from what breaks when it is live, and from what fails its check then.
func (w *world) rollBack() {
	w.t.Helper()
	i := slices.IndexFunc(w.services, func(key client.ObjectKey) bool {
		s := w.get(key)
		return managed(s) && s.Spec.Selector[selectorKey(s)] != "" && len(w.matching(s.Spec.Selector, s.Namespace)) > 0
	})
	if i < 0 {
		return
	}
	key := w.services[i]
	for _, d := range w.matching(w.get(key).Spec.Selector, key.Namespace) {
		w.happen(client.ObjectKeyFromObject(d), (*world).makeCarry)
	}
	const broken = "end-broken"
	w.returnFrom(key, broken, nil, func() {
		w.happen(client.ObjectKey{Namespace: key.Namespace, Name: broken}, reportUnavailable)
	})
	w.returnFrom(key, "end-checked", probe, func() { w.failCheck(key) })
}

// returnFrom has traffic return from a version that becomes ready, is live, and then fails in some way. It stays there when that is over.
func (w *world) returnFrom(key client.ObjectKey, version string, check any, fails func()) {
	w.t.Helper()
	s := w.get(key)
	left := s.Spec.Selector[selectorKey(s)]
	w.must(key, annotations(map[string]any{targetKey: version, returnKey: "1h", afterKey: check, readyKey: nil}))
	w.makeServiceReady(w.get(key), version)
	w.awaitLive(key, version, "Stable")
	fails()
	w.awaitLive(key, left, "RolledBack")
	w.happen(client.ObjectKey{Namespace: key.Namespace, Name: version}, reportFully)
	w.roundTrip()
	w.awaitLive(key, left, "RolledBack")
	w.must(key, annotations(map[string]any{targetKey: left, returnKey: nil, afterKey: nil}))
}

// failCheck waits for the Job that checks a Service, and lets it fail.
func (w *world) failCheck(key client.ObjectKey) {
	w.t.Helper()
	of := client.MatchingLabels{"bluegreen/check-of": key.Name}
	var found *batchv1.Job
	w.await("a Job checks "+key.String(), func() string {
		var jobs batchv1.JobList
		if err := w.client.List(w.t.Context(), &jobs, client.InNamespace(key.Namespace), of); err != nil {
			w.t.Fatal(err)
		}
		for i := range jobs.Items {
			if job := &jobs.Items[i]; len(job.Status.Conditions) == 0 && job.DeletionTimestamp == nil {
				found = job
				return ""
			}
		}
		return "none does"
	})
	w.endJob(found, 14)
}

// awaitLive waits until a Service has its traffic on a version, in a phase.
func (w *world) awaitLive(key client.ObjectKey, version, phase string) {
	w.t.Helper()
	who := id{kind: "Service", ObjectKey: key}
	w.await("traffic is on "+version, func() string {
		s := w.checker.at(who, now).(*corev1.Service)
		if s.Spec.Selector[selectorKey(s)] == version && s.Annotations[phaseKey] == phase {
			return ""
		}
		return w.checker.story(who, now)
	})
}

// repair gives a Service that asks for nonsense an ask: what was stored in an outage is refused with every later write.
func (w *world) repair(key client.ObjectKey) {
	w.t.Helper()
	s := w.get(key)
	if !managed(s) || sound(s) {
		return
	}
	target := s.Annotations[targetKey]
	if !labelValue.MatchString(target) {
		target = "1"
	}
	if len(s.Spec.Selector) == 0 {
		w.must(key, annotations(map[string]any{targetKey: nil}))
		w.must(key, change{annotations: map[string]any{}, selector: map[string]any{"name": "web"}})
	}
	w.must(key, annotations(map[string]any{
		targetKey:     target,
		readyKey:      nil,
		labelKey:      nil,
		drainKey:      nil,
		protectKey:    nil,
		deadlineKey:   nil,
		retireKey:     nil,
		returnKey:     nil,
		promoteKey:    nil,
		checkKey:      nil,
		afterKey:      nil,
		approvedKey:   nil,
		retryKey:      nil,
		misspelledKey: nil,
	}))
}

// endWaits gives what a Service asks for all the time it needs, lets traffic stay there, asks anew, and has nothing retire any more.
func (w *world) endWaits(key client.ObjectKey) {
	w.t.Helper()
	s := w.get(key)
	limited := retires(s) || slices.ContainsFunc([]string{deadlineKey, returnKey, promoteKey, checkKey, afterKey}, func(key string) bool {
		return s.Annotations[key] != ""
	})
	if managed(s) && limited || failed(s) || rolledBack(s) {
		w.must(key, annotations(map[string]any{deadlineKey: nil, returnKey: nil, retireKey: nil, promoteKey: nil, checkKey: nil,
			afterKey: nil, retryKey: "end"}))
	}
}

// leaderID returns the Service that leads another one.
func (w *world) leaderID(s *corev1.Service) id {
	return id{kind: "Service", ObjectKey: client.ObjectKey{Namespace: s.Namespace, Name: leaderOf(s)}}
}

// restoreVersionLabel has the leader look at the same label as those that it leads, so that what is made ready for it is ready for them.
func (w *world) restoreVersionLabel() {
	w.t.Helper()
	leader := w.leaderID(w.get(w.led[0])).ObjectKey
	if s := w.get(leader); managed(s) && s.Annotations[labelKey] != "" {
		w.must(leader, annotations(map[string]any{labelKey: nil}))
	}
}

// restoreLabels gives a Deployment the labels that its pods have: it may serve a Service that asks for nothing else, and be waited for
// by another.
func (w *world) restoreLabels(key client.ObjectKey) {
	w.t.Helper()
	d, exists := w.getDeployment(key)
	if !exists || !contradicted(d) {
		return
	}
	labels, err := json.Marshal(podLabels(d))
	if err != nil {
		w.t.Fatal(err)
	}
	w.edit(d, `"spec":{"template":{"metadata":{"labels":`+string(labels)+`}}}`)
}

// makeReady makes ready what every Service asks for, and reports whether there is more to do.
func (w *world) makeReady(round int) bool {
	w.t.Helper()
	more := false
	for i, key := range w.services {
		if s := w.get(key); pending(s) && w.makeServiceReady(s, fmt.Sprintf("end-%d-%d", round, i)) {
			more = true
		}
	}
	for i, key := range w.led {
		s := w.get(key)
		if follower := asAsked(s, w.get(w.leaderID(s).ObjectKey)); pending(follower) && !isPreview(s) {
			follower.Name = leaderOf(s) // Who is asked for something new instead.
			more = w.makeServiceReady(follower, fmt.Sprintf("end-%d-%d", round, len(w.services)+i)) || more
		}
	}
	return more
}

// makeServiceReady makes ready what a Service asks for. If that is being deleted, and kept for another, it makes the Service ask for
// something new instead, and returns true.
func (w *world) makeServiceReady(s *corev1.Service, name string) bool {
	w.t.Helper()
	key := client.ObjectKeyFromObject(s)
	matching := w.matching(candidate(s), s.Namespace)
	if slices.ContainsFunc(matching, keptUnderDeletion) {
		w.must(key, annotations(map[string]any{targetKey: name}))
		return true
	}
	if len(matching) == 0 {
		made := newDeployment(client.ObjectKey{Namespace: s.Namespace, Name: name}, candidate(s))
		w.deployments = append(w.deployments, client.ObjectKeyFromObject(made))
		w.create(made)
		matching = append(matching, made)
	}
	for _, d := range matching {
		w.happen(client.ObjectKeyFromObject(d), (*world).makeCarry)
	}
	return false
}

func keptUnderDeletion(d *appsv1.Deployment) bool { return d.DeletionTimestamp != nil && protected(d) }

// makeCarry makes a Deployment able to carry any Service's traffic.
func (w *world) makeCarry(d *appsv1.Deployment) {
	w.t.Helper()
	w.edit(d, `"spec":{"paused":false,"template":{"spec":{"containers":[{"name":"web","ports":[{"containerPort":80,"name":"http"}]}]}}}`)
	w.scale(d, 20)
	// The count voids a scale-down that was held. That its note goes counts as a new generation, of which the report must be.
	w.awaitNothingHeld(d)
	reportFully(w, d)
}

// awaitNothingHeld waits until nothing is held of a Deployment any more, and reads it into d, or until the Deployment is gone.
func (w *world) awaitNothingHeld(d *appsv1.Deployment) {
	w.t.Helper()
	written := revision(d)
	w.await("nothing is held", func() string {
		last := w.checker.before(deploymentID(d), now)
		seen := last.deployment()
		switch {
		case last.rv < written:
			return "the last write is not in the history yet"
		case seen == nil:
			return ""
		case seen.Annotations[noteKey] != "" || seen.Annotations[resumeKey] != "":
			return "held: " + summary(seen)
		}
		seen.DeepCopyInto(d)
		return ""
	})
}
