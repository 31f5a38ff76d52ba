// Command cert-manager is cert-manager as its Helm chart starts it: its controllers for CA and self-signed issuers, its
// cainjector and its webhook, each by its name as an argument.
//
// cert-manager's own commands are modules that the proxy does not have, because each is named otherwise than the place it is
// in. What they start is in cert-manager's library, and this program starts the same. Its module is named below cert-manager's,
// as theirs are, because the webhook is an internal package.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	logf "github.com/cert-manager/cert-manager/pkg/logs"
	"github.com/spf13/pflag"
	ctrl "sigs.k8s.io/controller-runtime"
)

var components = map[string]func(ctx context.Context, args []string) error{
	"controller": runController,
	"cainjector": runInjector,
	"webhook":    runWebhook,
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := newFlags()
	if err := flags.Parse(args); err != nil {
		return err
	}
	component, ok := components[flags.Arg(0)]
	if !ok {
		return fmt.Errorf("argument %q: want controller, cainjector or webhook", flags.Arg(0))
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	logf.InitLogs()
	defer logf.FlushLogs()
	ctrl.SetLogger(logf.Log)
	return component(logf.NewContext(ctx, logf.Log, flags.Arg(0)), args)
}

// newFlags returns flags that pass over unknown ones: the chart sets some of parts that are left out here, such as ACME.
func newFlags() *pflag.FlagSet {
	flags := pflag.NewFlagSet("cert-manager", pflag.ContinueOnError)
	flags.ParseErrorsAllowlist.UnknownFlags = true
	return flags
}
