package random

import (
	"fmt"
	"slices"
	"syscall"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// unsettled returns what is not yet as it should be in the end, "" for nothing.
func (w *world) unsettled() string {
	for _, key := range w.services {
		who := id{kind: "Service", ObjectKey: key}
		s := w.checker.at(who, now).(*corev1.Service)
		if pending(s) || s.Annotations[phaseKey] != rightPhase(s) {
			return fmt.Sprintf("%s is not settled:\n%s", who, w.checker.story(who, now))
		}
	}
	for _, key := range w.led {
		who := id{kind: "Service", ObjectKey: key}
		s := w.checker.at(who, now).(*corev1.Service)
		leader, _ := w.checker.at(w.leaderID(s), now).(*corev1.Service)
		if want := phaseOfLed(s, leader); s.Annotations[phaseKey] != want || leads(leader) && want != "Stable" {
			return fmt.Sprintf("%s is not settled:\n%s", who, w.checker.story(who, now))
		}
	}
	for _, key := range w.deployments {
		if text := w.unsettledDeployment(id{kind: "Deployment", ObjectKey: key}); text != "" {
			return text
		}
	}
	return ""
}

func (w *world) unsettledDeployment(who id) string {
	d := w.checker.before(who, now).deployment()
	if d == nil {
		return ""
	}
	services := w.checker.services(who.Namespace, now)
	used := inUse(d, services)
	deleted := d.DeletionTimestamp != nil
	if used == protected(d) && (used || !deleted) && !noteLeft(d, services) {
		return ""
	}
	return fmt.Sprintf("%s is in use: %t, protected: %t, under deletion: %t:\n%s", who, used, protected(d), deleted, w.checker.story(who, now))
}

// noteLeft reports whether the note of a scale-down should be gone: it stays while another Service than the noted one serves. That of
// a retirement goes, since no Service asks for one in the end.
func noteLeft(d *appsv1.Deployment, services []*corev1.Service) bool {
	if d.Annotations[leftKey] != "" && d.DeletionTimestamp == nil {
		return true
	}
	name, _ := noted(d)
	return d.Annotations[noteKey] != "" && !slices.ContainsFunc(services, func(s *corev1.Service) bool {
		return s.Name != name && wantsPods(s, d)
	})
}

// expectQuiet provokes the controller, by a restart and by writes that mean nothing to it, and expects no write.
func (w *world) expectQuiet() {
	w.t.Helper()
	w.replica.End(w.t.Context(), syscall.SIGTERM)
	w.startReplica()
	w.roundTrip()
	before := w.controllersWrites()
	for _, key := range w.services {
		w.must(key, annotations(map[string]any{"owner": "nobody"}))
	}
	for _, key := range w.deployments {
		if d, exists := w.getDeployment(key); exists {
			w.edit(d, `"spec":{"minReadySeconds":1}`)
		}
	}
	for range 3 {
		w.roundTrip()
	}
	if after := w.controllersWrites(); after != before {
		w.t.Fatalf("with nothing to do, the controller wrote %d times", after-before)
	}
}

// controllersWrites counts the controller's writes, but for those about sentinels.
func (w *world) controllersWrites() int {
	w.t.Helper()
	w.barrier()
	w.checker.mu.Lock()
	defer w.checker.mu.Unlock()
	return w.checker.controllersWrites("Service", slices.Concat(w.services, w.led)) + w.checker.controllersWrites("Deployment", w.deployments)
}

func (c *checker) controllersWrites(kind string, keys []client.ObjectKey) int {
	count := 0
	for _, key := range keys {
		who := id{kind: kind, ObjectKey: key}
		states := c.between(who, 0, now)
		for i := 1; i < len(states); i++ {
			before, after := states[i-1].object, states[i].object
			if before != nil && after != nil && c.writer(before, event{id: who, state: states[i]}) == nil {
				count++
			}
		}
	}
	return count
}
