// Package command is the commands of kubectl bluegreen: their flags, what they read and write, and what they print. What a command
// writes is decided by package edit.
package command

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/klog/v2"
)

// Exit codes: as kubectl's, and as the shell's for what was interrupted.
const (
	exitFailed      = 1
	exitInterrupted = 130
)

// Run runs the plugin with some arguments, and returns its exit code.
func Run(ctx context.Context, version string, streams genericiooptions.IOStreams, args []string) int {
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard) // Watches tell of a lost connection by themselves.
	root := newRoot(version, streams)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil:
		return exitInterrupted
	default:
		fmt.Fprintln(streams.ErrOut, explain(err))
		return exitFailed
	}
}

// plugin is what all commands share.
type plugin struct {
	genericiooptions.IOStreams
	flags      *genericclioptions.ConfigFlags
	connection *connection
}

func newRoot(version string, streams genericiooptions.IOStreams) *cobra.Command {
	p := &plugin{IOStreams: streams, connection: &connection{out: streams.ErrOut}}
	p.flags = genericclioptions.NewConfigFlags(true).WithWarningPrinter(streams).WithWrapConfigFn(p.tuned)
	root := &cobra.Command{
		Use:         "kubectl-bluegreen",
		Annotations: map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl bluegreen"},
		Short:       "Blue/green switching of plain Services",
		Long: `Ask for another version of a Service, and see what becomes of it.

Everything here is also possible with kubectl alone: a command that writes prints the kubectl command that it equals.`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.CompletionOptions.DisableDefaultCmd = true // kubectl completes plugins in a way of its own.
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.ErrOut)
	p.flags.AddFlags(root.PersistentFlags())
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}",
		`  Those of "kubectl bluegreen --help", such as --namespace and --context.`))
	root.AddCommand(newDeploy(p), newStatus(p), newWait(p), newPromote(p), newUndo(p), newRetry(p), newPause(p), newWithdraw(p), newAdopt(p),
		newLeave(p), newCheck(p, version), newVersion(version))
	root.SetFlagErrorFunc(func(command *cobra.Command, err error) error {
		return fmt.Errorf("%w\nSee '%s --help' for usage", err, command.CommandPath())
	})
	return root
}

// newVersion returns the command that prints the version of the plugin.
func newVersion(version string) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of this plugin",
		Example: example("# Print the version of this plugin", "kubectl bluegreen version"),
		Args:    cobra.NoArgs,
		Run: func(command *cobra.Command, _ []string) {
			fmt.Fprintln(command.OutOrStdout(), "kubectl-bluegreen", version)
		},
	}
}

// oneService demands the name of a Service as the only argument.
func oneService(command *cobra.Command, args []string) error {
	if len(args) == 1 {
		return nil
	}
	return fmt.Errorf("exactly one NAME of a Service is required, got %d\nSee '%s --help' for usage", len(args), command.CommandPath())
}
