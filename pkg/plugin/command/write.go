package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/util/retry"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/edit"
)

// fieldManager is who owns what the plugin writes.
const fieldManager = "kubectl-bluegreen"

// decide returns what to write on a Service that was just read.
type decide func(context.Context, *cluster, bluegreen.Service) (edit.Edit, error)

// writer writes annotations of one Service, and prints what kubectl annotate would.
type writer struct {
	*plugin
	decide decide
	dryRun string
	print  *genericclioptions.PrintFlags
}

// writes makes a command that writes annotations of the Service that its argument names. done completes "service/NAME ".
func (p *plugin) writes(command *cobra.Command, done string, decide decide) *cobra.Command {
	w := &writer{plugin: p, decide: decide, print: genericclioptions.NewPrintFlags(done).WithTypeSetter(scheme.Scheme)}
	w.print.AddFlags(command)
	addDryRun(command, &w.dryRun)
	command.Args, command.ValidArgsFunction = oneService, p.services
	command.RunE = func(command *cobra.Command, args []string) error { return w.run(command.Context(), args[0]) }
	return command
}

func addDryRun(command *cobra.Command, value *string) {
	command.Flags().StringVar(value, "dry-run", "none", `Must be "none", "server", or "client". If client strategy, only print the object `+
		`that would be sent, without sending it. If server strategy, submit server-side request without persisting the resource.`)
}

func (w *writer) run(ctx context.Context, name string) error {
	operation, known := map[string]string{"none": "%s", "server": "%s (server dry run)", "client": "%s (dry run)"}[w.dryRun]
	if !known {
		return fmt.Errorf(`invalid dry-run value (%s): must be "none", "server", or "client"`, w.dryRun)
	}
	if err := w.print.Complete(operation); err != nil {
		return err
	}
	printer, err := w.print.ToPrinter()
	if err != nil {
		return err
	}
	c, err := w.connect()
	if err != nil {
		return err
	}
	written, err := w.write(ctx, c, name)
	if err != nil {
		return err
	}
	return printer.PrintObj(written, w.Out)
}

// write makes the write, and tells which kubectl command it equals. What was decided is written only on the Service that it was decided
// about: if somebody changes that meanwhile, it is decided anew, and must come to the same.
func (w *writer) write(ctx context.Context, c *cluster, name string) (written *corev1.Service, err error) {
	var first *edit.Edit
	err = retry.RetryOnConflict(retry.DefaultRetry, func() error {
		read, err := c.service(ctx, name)
		if err != nil {
			return err
		}
		wanted, err := w.decide(ctx, c, bluegreen.Read(read))
		if err != nil {
			return err
		}
		if first == nil {
			first = &wanted
			w.tell(read, wanted)
		} else if !first.Same(wanted) {
			return errors.New("somebody else has changed the Service in this moment, and it would be another write now: look at it, " +
				"and repeat the command")
		}
		written, err = w.send(ctx, c, read, wanted)
		return err
	})
	if apierrors.IsConflict(err) {
		return nil, fmt.Errorf("%w; repeat the command", err)
	}
	return written, err
}

// tell prints the kubectl command that an edit equals, and what goes with it. It goes beside the output, which programs may read.
func (w *writer) tell(service *corev1.Service, wanted edit.Edit) {
	fmt.Fprintln(w.ErrOut, wanted.Command(service))
	for _, note := range wanted.Notes {
		fmt.Fprintln(w.ErrOut, "Note:", note)
	}
}

func (w *writer) send(ctx context.Context, c *cluster, read *corev1.Service, wanted edit.Edit) (*corev1.Service, error) {
	if w.dryRun == "client" {
		return wanted.Applied(read), nil
	}
	patch, err := wanted.Patch(read)
	if err != nil {
		return nil, err
	}
	options := metav1.PatchOptions{FieldManager: fieldManager}
	if w.dryRun == "server" {
		options.DryRun = []string{metav1.DryRunAll}
	}
	return c.CoreV1().Services(read.Namespace).Patch(ctx, read.Name, types.MergePatchType, patch, options)
}
