package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/follow"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/outcome"
)

// defaultTimeout is how long a command waits for a switch, if nobody says otherwise.
const defaultTimeout = 10 * time.Minute

// waiter waits for what comes of what a Service is asked for.
type waiter struct {
	*plugin
	goal    string
	timeout time.Duration
}

func newWait(p *plugin) *cobra.Command {
	w := &waiter{plugin: p}
	command := &cobra.Command{
		Use:   "wait SERVICE",
		Short: "Wait until traffic is on the version that is asked for",
		Long: `Wait until traffic of a Service is on the version that is asked for, or until that waits for approval (--for=paused).

If the ask fails or is rolled back, the command ends at once, with what bluegreen says of it and exit code 1; kubectl wait would go on
until its timeout.`,
		Example: example("# Wait until nginx is on the version that it is asked for", "kubectl bluegreen wait nginx --timeout=5m",
			"# Wait until that version is ready, and somebody may promote it", "kubectl bluegreen wait nginx --for=paused"),
		Args:              oneService,
		ValidArgsFunction: p.services,
		RunE:              func(command *cobra.Command, args []string) error { return w.run(command.Context(), args[0]) },
	}
	command.Flags().StringVar(&w.goal, "for", string(outcome.Stable), "What to wait for. One of: ("+strings.Join(outcome.Goals, ", ")+").")
	addTimeout(command, &w.timeout)
	return command
}

func addTimeout(command *cobra.Command, value *time.Duration) {
	command.Flags().DurationVar(value, "timeout", defaultTimeout, "The length of time to wait before giving up, zero means never.")
}

func (w *waiter) run(ctx context.Context, name string) error {
	goal, err := outcome.ParseGoal(w.goal)
	if err != nil {
		return err
	}
	c, err := w.connect()
	if err != nil {
		return err
	}
	read, err := c.service(ctx, name)
	if err != nil {
		return err
	}
	err = c.await(ctx, read, w.timeout, func(service bluegreen.Service) (bool, error) { return outcome.Of(service, goal) })
	if err != nil {
		return err
	}
	fmt.Fprintf(w.Out, "service/%s condition met\n", name)
	return nil
}

// await follows a Service until see is done or fails. If the time is up before, the error ends in what bluegreen said last.
func (c *cluster) await(ctx context.Context, read *corev1.Service, timeout time.Duration,
	see func(bluegreen.Service) (bool, error)) error {
	limited, cancel := within(ctx, timeout)
	defer cancel()
	last := read
	err := follow.Service(limited, c, read, func(object *corev1.Service) (bool, error) {
		last = object
		return see(bluegreen.Read(object))
	})
	if errors.Is(err, context.DeadlineExceeded) {
		return timedOut(last)
	}
	return err
}

// within limits a context to a length of time, zero being no limit.
func within(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, timeout)
}

// timedOut says that the time is up, and what bluegreen said of the Service last.
func timedOut(last *corev1.Service) error {
	said := last.Annotations[bluegreen.MessageKey]
	if said == "" {
		said = fmt.Sprintf("to look at it: kubectl bluegreen status %s -n %s", last.Name, last.Namespace)
	}
	return fmt.Errorf("timed out waiting for the condition on services/%s: %s", last.Name, said)
}
