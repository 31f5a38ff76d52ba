//go:build e2e

package chaos

import (
	"context"
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// write is one write of a user, who repeats it until the API server accepts it.
type write func(ctx context.Context) error

// move is an ask for another version, and what becomes of the two Deployments in the same upgrade.
type move struct {
	from, to string
	way      way
}

// way is how an upgrade goes.
type way struct {
	name string
	// prepare makes ready what the upgrade finds.
	prepare func(*testing.T, *world, move)
	// writes are those of the upgrade, in its order.
	writes func(*world, move) []write
	// finish sees blue out, after the switch.
	finish func(*testing.T, *world, move)
}

var ways = []way{
	{
		name:   "green is ready",
		writes: func(w *world, m move) []write { return []write{w.ask(m.to)} },
	},
	{
		name:    "green is scaled up",
		prepare: func(t *testing.T, w *world, m move) { w.scaleDown(t, m.to) },
		writes: func(w *world, m move) []write {
			return []write{w.ask(m.to), func(ctx context.Context) error { return w.scale(ctx, m.to, replicas) }}
		},
	},
	{
		name: "blue is deleted",
		writes: func(w *world, m move) []write {
			return []write{w.ask(m.to), func(ctx context.Context) error { return w.remove(ctx, m.from) }}
		},
		finish: func(t *testing.T, w *world, m move) { w.awaitGone(t, m.from) },
	},
	{
		name: "green is created, blue is deleted",
		prepare: func(t *testing.T, w *world, m move) {
			if err := w.remove(t.Context(), m.to); err != nil {
				t.Fatal(err)
			}
			w.awaitGone(t, m.to)
		},
		writes: func(w *world, m move) []write {
			return []write{
				func(ctx context.Context) error { return w.create(ctx, m.to) },
				w.ask(m.to),
				func(ctx context.Context) error { return w.remove(ctx, m.from) },
			}
		},
		finish: func(t *testing.T, w *world, m move) { w.awaitGone(t, m.from) },
	},
	{
		name:   "blue is scaled down after the switch",
		writes: func(w *world, m move) []write { return []write{w.ask(m.to)} },
		finish: func(t *testing.T, w *world, m move) { w.scaleDown(t, m.from) },
	},
}

func (w *world) ask(version string) write {
	return func(ctx context.Context) error {
		_, err := cluster.Ask(ctx, w.namespace, "nginx", version)
		return err
	}
}

func (w *world) scaleDown(t *testing.T, version string) {
	t.Helper()
	if err := w.scale(t.Context(), version, 0); err != nil {
		t.Fatal(err)
	}
	w.awaitReplicas(t, version, 0)
}

// upgrade makes the writes of a move, and returns when the last of them was accepted.
func (w *world) upgrade(ctx context.Context, r *harness.Requests, m move) (time.Time, error) {
	r.Asked(m.to)
	for _, write := range m.way.writes(w, m) {
		if err := untilAccepted(ctx, write); err != nil {
			return time.Time{}, fmt.Errorf("a write of the upgrade: %w", err)
		}
	}
	return time.Now(), nil
}

// untilAccepted repeats a write as a user would whose API server is away. An answer that does not come is given up after 5 s.
func untilAccepted(ctx context.Context, write write) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, 200*time.Millisecond, harness.Patience, true, func(ctx context.Context) (bool, error) {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		last = write(ctx)
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("%w; the last answer: %w", err, last)
	}
	return nil
}
