//go:build e2e

package chaos

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

const (
	// rate is how many requests are sent a second.
	rate = 100

	// askAt is when a round asks, and faultWithin how long after its start the fault begins: 2 s before the ask to 2 s after it.
	askAt       = 2 * time.Second
	faultWithin = 4 * time.Second

	// limit is how long after the ask and the end of the fault traffic may take to move: bluegreen tries again what failed within
	// 15 s, and Kubernetes needs its time to start pods.
	limit = 30 * time.Second
)

// fault is something that goes wrong for a while.
type fault struct {
	name string
	// lasts is how long it goes on; 0 for what is over when it has happened.
	lasts time.Duration
	// inject begins it, and returns what ends it.
	inject func(*testing.T) (end func(*testing.T))
	// tells is the Event by which bluegreen tells why what was asked for is not carried out under the fault; none if it cannot tell.
	tells bluegreen.Reason
}

// round asks for another version, with a fault around the ask.
func (w *world) round(t *testing.T, number int, f fault, dice *rand.Rand) {
	m := move{from: w.settle(t), way: ways[dice.IntN(len(ways))]}
	others := slices.DeleteFunc(slices.Clone(versions), func(v string) bool { return v == m.from })
	m.to = others[dice.IntN(len(others))]
	faultAt := time.Duration(dice.Int64N(int64(faultWithin)))
	t.Logf("from %s to %s: %s; the fault begins %.1f s after the ask", m.from, m.to, m.way.name, (faultAt - askAt).Seconds())
	if m.way.prepare != nil {
		m.way.prepare(t, w, m)
	}

	mark := cluster.MarkAudit(t)
	r := cluster.SendFrom(t, cluster.Nodes(t)[:1], w.namespace, "nginx", m.from, rate) // The control plane, which is never down.
	o := &outcome{Seed: *seed, Round: number, Fault: f.name, Way: m.way.name}
	defer func() { o.keep(t, r) }()
	defer func() {
		if t.Failed() {
			cluster.Explain(t, w.namespace)
		}
	}()
	w.upgradeUnder(t, f, faultAt, r, m, o)

	r.AwaitAnswer(t, m.to)
	if m.way.finish != nil {
		m.way.finish(t, w, m)
	}
	w.awaitService(t, "selector version="+m.to+", phase Stable and no message", func(s *corev1.Service) bool {
		return s.Spec.Selector["version"] == m.to && bluegreen.Phase(s.Annotations[bluegreen.PhaseKey]) == bluegreen.Stable &&
			s.Annotations[bluegreen.MessageKey] == ""
	})
	assertMoves(t, mark.Writes(t, w.namespace), m.to)
}

// upgradeUnder makes the upgrade while the fault begins and ends, and notes when.
func (w *world) upgradeUnder(t *testing.T, f fault, faultAt time.Duration, r *harness.Requests, m move, o *outcome) {
	t.Helper()
	upgraded := make(chan error, 1)
	go func() {
		<-time.After(askAt)
		var err error
		o.asked, err = w.upgrade(t.Context(), r, m)
		upgraded <- err
	}()
	<-time.After(faultAt)
	o.began = time.Now()
	end := f.inject(t)
	<-time.After(f.lasts)
	if f.tells != "" {
		w.assertTold(t, f.tells)
	}
	if end != nil {
		end(t)
	}
	o.ended = time.Now()
	if err := <-upgraded; err != nil {
		t.Fatal(err)
	}
}

// assertTold wants an Event about the Service if it waits for bluegreen.
func (w *world) assertTold(t *testing.T, reason bluegreen.Reason) {
	t.Helper()
	service, err := cluster.CoreV1().Services(w.namespace).Get(t.Context(), "nginx", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if service.Annotations[bluegreen.TargetVersion] == service.Spec.Selector["version"] {
		return
	}
	events, err := cluster.EventsV1().Events(w.namespace).List(t.Context(), metav1.ListOptions{FieldSelector: "reason=" + string(reason)})
	if err != nil {
		t.Fatal(err)
	}
	told := slices.ContainsFunc(events.Items, func(e eventsv1.Event) bool { return e.Regarding.UID == service.UID })
	if !told {
		t.Errorf("Service nginx waits, and no Event %s tells why", reason)
	}
}

// assertMoves wants no write that names a selector but bluegreen's, which moves traffic to the version asked for, once. An API
// server that is killed may take the line of a write along, so there may be none.
func assertMoves(t *testing.T, writes []harness.Write, to string) {
	t.Helper()
	moves := 0
	for _, write := range writes {
		if !write.Moves() {
			continue
		}
		moves++
		if version := write.RequestObject.Spec.Selector["version"]; !write.ByController() || version == nil || *version != to {
			t.Errorf("nobody asked for this write: %+v", write)
		}
	}
	if moves > 1 {
		t.Errorf("%d writes moved traffic, want one", moves)
	}
}
