package random

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"syscall"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// finish ends all writes, makes ready what is asked for, and expects that it is reached and that nothing moves after that.
func (w *world) finish() {
	w.t.Helper()
	w.recover()
	w.roundTrip()
	for _, key := range w.services {
		w.mend(key)
	}
	for _, key := range w.deployments {
		w.putRight(key)
	}
	for round := 0; w.makeReady(round); round++ {
		w.barrier()
	}
	w.await("every ask is reached and nothing is left behind", w.unsettled)
	w.barrier()
	w.quiet()
}

// putRight gives a Deployment back the labels that its pods have: it may serve a Service that asks for nothing else, and be waited
// for by another.
func (w *world) putRight(key client.ObjectKey) {
	w.t.Helper()
	d := &appsv1.Deployment{}
	if err := w.client.Get(w.t.Context(), key, d); apierrors.IsNotFound(err) {
		return
	} else if err != nil {
		w.t.Fatal(err)
	}
	if !contradicted(d) {
		return
	}
	body, err := json.Marshal(podLabels(d))
	if err != nil {
		w.t.Fatal(err)
	}
	w.edit(d, `"spec":{"template":{"metadata":{"labels":`+string(body)+`}}}`)
}

// mend gives a Service that asks for nonsense an ask: what was stored in an outage is refused with every later write.
func (w *world) mend(key client.ObjectKey) {
	w.t.Helper()
	s := w.get(key)
	if !managed(s) || valid(s) && len(s.Spec.Selector) > 0 {
		return
	}
	target := s.Annotations[targetKey]
	if !labelValue.MatchString(target) {
		target = "1"
	}
	mended := map[string]any{targetKey: target, readyKey: nil, labelKey: nil, drainKey: nil, protectKey: nil, "bluegreen/promotoin": nil}
	if len(s.Spec.Selector) == 0 {
		w.must(key, change{map[string]any{targetKey: nil}, nil})
		w.must(key, change{nil, map[string]any{"name": "web"}})
	}
	w.must(key, change{mended, nil})
}

// must is a write that nothing refuses.
func (w *world) must(key client.ObjectKey, c change) {
	w.t.Helper()
	this := w.begin(id{"Service", key}, fmt.Sprintf("patch of %v %v in the end", c.annotations, c.selector))
	c.annotations = maps.Clone(c.annotations)
	if c.annotations == nil {
		c.annotations = map[string]any{}
	}
	c.annotations[marker] = this.mark
	this.user = changed(c.annotations)
	s := &corev1.Service{}
	s.Namespace, s.Name = key.Namespace, key.Name
	if err := w.patch(s, this, types.MergePatchType, c.body(), "kubectl-patch"); err != nil {
		w.t.Fatalf("%s: %v", this.what, err)
	}
	w.end(this, "in the end", nil)
}

// makeReady makes ready what every Service asks for; true if a Service was made to ask for something else, because what it
// asks for is being deleted, and kept for another.
func (w *world) makeReady(round int) bool {
	w.t.Helper()
	again := false
	for i, key := range w.services {
		s := w.get(key)
		if !pending(s) {
			continue
		}
		matching := w.matching(candidate(s), key.Namespace)
		deleted := false
		for _, d := range matching {
			deleted = deleted || d.DeletionTimestamp != nil
		}
		if deleted && protectedBy(matching) {
			w.must(key, change{annotations: map[string]any{targetKey: fmt.Sprintf("end-%d-%d", round, i)}})
			again = true
			continue
		}
		if len(matching) == 0 {
			d := newDeployment(client.ObjectKey{Namespace: key.Namespace, Name: fmt.Sprintf("end-%d-%d", round, i)}, candidate(s))
			w.deployments = append(w.deployments, client.ObjectKeyFromObject(d))
			w.create(d)
			matching = append(matching, d)
		}
		for _, d := range matching {
			w.happen(client.ObjectKeyFromObject(d), w.carry)
		}
	}
	return again
}

func protectedBy(deployments []*appsv1.Deployment) bool {
	for _, d := range deployments {
		if d.DeletionTimestamp != nil && protected(d) {
			return true
		}
	}
	return false
}

// carry makes a Deployment able to carry any Service's traffic.
func (w *world) carry(_ *world, d *appsv1.Deployment) {
	w.t.Helper()
	w.edit(d, `"spec":{"paused":false,"template":{"spec":{"containers":[{"name":"web","ports":[{"containerPort":80,"name":"http"}]}]}}}`)
	w.scale(d, 20)
	// The count voids a scale-down that was held. That its note goes counts as a new generation, of which the report must be.
	w.awaitNothingHeld(d)
	w.report(d, fully)
}

// awaitNothingHeld waits until bluegreen holds nothing of a Deployment any more, or the Deployment is gone, and reads it into d.
func (w *world) awaitNothingHeld(d *appsv1.Deployment) {
	w.t.Helper()
	written := revision(d)
	w.await("nothing is held", func() string {
		states := w.checker.versions[deploymentID(d)]
		last := states[len(states)-1]
		seen, exists := last.object.(*appsv1.Deployment)
		switch {
		case !exists:
			return ""
		case last.rv < written:
			return "the last write is not in the history yet"
		case seen.Annotations[noteKey] != "" || seen.Annotations[resumeKey] != "":
			return "held: " + summary(seen)
		}
		seen.DeepCopyInto(d)
		return ""
	})
}

func (w *world) matching(selector map[string]string, namespace string) []*appsv1.Deployment {
	w.t.Helper()
	var list appsv1.DeploymentList
	if err := w.client.List(w.t.Context(), &list, client.InNamespace(namespace)); err != nil {
		w.t.Fatal(err)
	}
	var found []*appsv1.Deployment
	for i := range list.Items {
		if selects(selector, &list.Items[i]) {
			found = append(found, &list.Items[i])
		}
	}
	return found
}

// unsettled says what is not yet as it should be in the end.
func (w *world) unsettled() string {
	const now = 1 << 62
	for _, key := range w.services {
		who := id{"Service", key}
		s := w.checker.at(who, now).(*corev1.Service)
		if pending(s) || s.Annotations[phaseKey] != rightPhase(s) {
			return "not settled: " + w.checker.story(event{who, version{rv: now}})
		}
	}
	for _, key := range w.deployments {
		who := id{"Deployment", key}
		d, exists := w.checker.at(who, now).(*appsv1.Deployment)
		if !exists {
			continue
		}
		services := w.checker.services(key.Namespace, now)
		used := inUse(d, services)
		if used != protected(d) || !used && d.DeletionTimestamp != nil || noteLeft(d, services) {
			return fmt.Sprintf("%s: in use: %t, but\n%s", who, used, w.checker.story(event{who, version{rv: now}}))
		}
	}
	return ""
}

// noteLeft says whether the note of a scale-down should be gone: it stays while another Service than the noted one serves.
func noteLeft(d *appsv1.Deployment, services []*corev1.Service) bool {
	name, _ := noted(d)
	return d.Annotations[noteKey] != "" && !slices.ContainsFunc(services, func(s *corev1.Service) bool { return s.Name != name && wantsPods(s, d) })
}

// quiet provokes the controller, by a restart and by writes that mean nothing to it, and expects no write.
func (w *world) quiet() {
	w.t.Helper()
	w.replica.End(w.t.Context(), syscall.SIGTERM)
	w.startReplica()
	w.roundTrip()
	before := w.controllers()
	for _, key := range w.services {
		w.must(key, change{annotations: map[string]any{"owner": "nobody"}})
	}
	for _, key := range w.deployments {
		d := &appsv1.Deployment{}
		if err := w.client.Get(w.t.Context(), key, d); apierrors.IsNotFound(err) {
			continue
		} else if err != nil {
			w.t.Fatal(err)
		}
		w.edit(d, `"spec":{"minReadySeconds":1}`)
	}
	for range 3 {
		w.roundTrip()
	}
	if after := w.controllers(); after != before {
		w.t.Fatalf("with nothing to do, the controller wrote %d times", after-before)
	}
}

// controllers counts the controller's writes, but for those about sentinels.
func (w *world) controllers() int {
	w.t.Helper()
	w.barrier()
	w.checker.mu.Lock()
	defer w.checker.mu.Unlock()
	count := 0
	for _, key := range w.services {
		count += w.checker.byController(id{"Service", key})
	}
	for _, key := range w.deployments {
		count += w.checker.byController(id{"Deployment", key})
	}
	return count
}

func (c *checker) byController(who id) int {
	count, states := 0, c.between(who, 0, 1<<62)
	for i := 1; i < len(states); i++ {
		before, after := states[i-1].object, states[i].object
		if before != nil && after != nil && c.writer(before, event{who, states[i]}) == nil {
			count++
		}
	}
	return count
}
