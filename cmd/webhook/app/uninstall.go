package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/uninstall"
)

// uninstallCommand ends an installation: the chart runs it before an uninstall.
const uninstallCommand = "uninstall"

// uninstallTimeout is beyond the longest grace period of bluegreen's own pods, enough for some thousand Deployments, and within the
// deadline of the chart's Job.
const uninstallTimeout = 3 * time.Minute

// runUninstall stops bluegreen and takes its finalizers off all Deployments, unless a live one would end by that.
func runUninstall(ctx context.Context, args []string, out io.Writer) error {
	var namespace, deployment string
	var watchNamespaces []string
	flags := pflag.NewFlagSet("webhook "+uninstallCommand, pflag.ContinueOnError)
	flags.StringVar(&namespace, "namespace", os.Getenv("POD_NAMESPACE"),
		"Namespace of this installation. Defaults to the environment's POD_NAMESPACE.")
	flags.StringVar(&deployment, "deployment", "bluegreen", "Deployment of this installation, which is scaled to 0.")
	flags.StringSliceVar(&watchNamespaces, "watch-namespaces", nil,
		"Namespaces that this installation works in, separated by commas. Empty for all.")
	if err := flags.Parse(args); errors.Is(err, pflag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if namespace == "" {
		return errors.New("--namespace: must be set, by the flag or by POD_NAMESPACE")
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("finding the cluster: %w", err)
	}
	cluster, err := client.NewWithWatch(config, client.Options{Scheme: scheme.Scheme})
	if err != nil {
		return fmt.Errorf("setting up a client: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, uninstallTimeout)
	defer cancel()
	uninstaller := uninstall.Uninstaller{Client: cluster, Namespaces: watchNamespaces}
	if err := uninstaller.Run(ctx, client.ObjectKey{Namespace: namespace, Name: deployment}); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "No Deployment is protected any more; bluegreen is stopped.")
	return err
}
