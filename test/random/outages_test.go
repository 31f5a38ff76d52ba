package random

import (
	"context"
	"syscall"
)

// serving reports whether the webhook is surely asked.
func (w *world) serving() bool { return w.replica != nil && w.joined }

func (w *world) startReplica() {
	w.t.Helper()
	w.replica, w.joined = suite.Shipped.StartFor(w.t, "--leader-elect=false"), true
	w.awaitWebhook()
}

func (w *world) awaitWebhook() {
	w.t.Helper()
	if err := suite.AwaitWebhook(w.t.Context(), w.checker.namespaces[0]); err != nil {
		w.t.Fatal(err)
	}
}

// outage stops the process, or takes it out of the webhook's Service, for some steps.
func (w *world) outage() {
	if w.resumeAt > w.step {
		return
	}
	w.resumeAt = w.step + 1 + w.dice.IntN(12)
	w.joined = false
	clear(w.disowned) // The controller's writes are not seen by the webhook either.
	switch w.dice.IntN(4) {
	case 0:
		w.checker.stats["replicas ended"]++
		w.replica.End(w.t.Context(), syscall.SIGTERM)
		w.replica = nil
	case 1:
		w.checker.stats["replicas killed"]++
		_ = w.replica.Command.Process.Kill()
		<-w.replica.Exited
		w.replica, w.killed = nil, w.replica
	default:
		w.checker.stats["webhook outages"]++
		if err := w.replica.Leave(context.WithoutCancel(w.t.Context())); err != nil {
			w.t.Fatal(err)
		}
	}
}

// recover ends an outage.
func (w *world) recover() {
	w.t.Helper()
	if w.killed != nil {
		w.killed.End(w.t.Context(), syscall.SIGTERM)
		w.killed = nil
	}
	switch {
	case w.replica == nil:
		w.startReplica()
	case !w.joined:
		if err := w.replica.Join(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		w.awaitWebhook()
		w.joined = true
	}
}
