// Package app is the bluegreen process: its flags, and how its parts are put together.
package app

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/util/validation"
	logsapi "k8s.io/component-base/logs/api/v1"

	_ "k8s.io/component-base/logs/json/register" // --logging-format=json

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

const usage = `webhook runs bluegreen: the admission webhook on every replica, the controller on the leader.

Usage:
  webhook [flags]
  webhook ` + uninstallCommand + ` [flags]   ends an installation; see its --help

Flags:
%s`

// options are the flags.
type options struct {
	webhookPort          int
	metricsBindAddress   string
	healthBindAddress    string
	leaderElect          bool
	namespace            string
	deployment           string
	watchNamespaces      []string
	leftOut              []string // Of those, the ones that may not be read; not a flag.
	inUseProtection      bool
	checks               bool
	drain                time.Duration
	tlsCertDir           string
	caSecretName         string
	webhookConfiguration string
	webhookService       string
	shutdownDelay        time.Duration
	logging              *logsapi.LoggingConfiguration
}

// parse reads the command line; pflag.ErrHelp after --help, which prints the flags.
func parse(args []string) (*options, error) {
	o := &options{logging: logsapi.NewLoggingConfiguration()}
	flags := pflag.NewFlagSet("webhook", pflag.ContinueOnError)
	flags.IntVar(&o.webhookPort, "webhook-port", 9443, "Port of the admission webhook (HTTPS).")
	flags.StringVar(&o.metricsBindAddress, "metrics-bind-address", ":8443",
		"Address of /metrics (HTTPS; the client is authenticated and authorized by the API server). 0 switches it off.")
	flags.StringVar(&o.healthBindAddress, "health-probe-bind-address", ":8081", "Address of /healthz and /readyz (HTTP).")
	flags.BoolVar(&o.leaderElect, "leader-elect", true, "Elect one replica to run the controller. Needed with more than one replica.")
	flags.StringVar(&o.namespace, "namespace", os.Getenv("POD_NAMESPACE"),
		"Namespace of this installation: of its Lease, its Secret and its Service. Defaults to the environment's POD_NAMESPACE.")
	flags.StringVar(&o.deployment, "deployment", "bluegreen",
		"Deployment of this installation. Events of it tell that the API server does not reach the webhook.")
	flags.StringSliceVar(&o.watchNamespaces, "watch-namespaces", nil, "Namespaces to work in, separated by commas. Empty for all.")
	flags.BoolVar(&o.inUseProtection, "in-use-protection", true,
		"Keep Deployments that serve a managed Service from deletion and from scale-downs that come before the switch.")
	flags.BoolVar(&o.checks, "checks", false,
		"Run Jobs that check a version, where a Service's annotations "+bluegreen.PrePromotionCheck+" or "+bluegreen.PostPromotionCheck+
			" ask for it. Needs the right to create Jobs.")
	flags.DurationVar(&o.drain, "drain", 30*time.Second,
		"Time for which a Deployment is kept as it is after traffic has left it, unless the Service's annotation "+bluegreen.Drain+
			" says otherwise.")
	flags.StringVar(&o.tlsCertDir, "tls-cert-dir", "",
		"Directory with tls.crt and tls.key for the webhook, reloaded when they change. Empty for self-managed certificates.")
	flags.StringVar(&o.caSecretName, "ca-secret-name", "bluegreen-ca",
		"Secret in the own namespace that holds the CA of self-managed certificates. It must exist; an empty one is filled.")
	flags.StringVar(&o.webhookConfiguration, "webhook-configuration-name", "bluegreen",
		"MutatingWebhookConfiguration whose caBundle is kept, with self-managed certificates.")
	flags.StringVar(&o.webhookService, "webhook-service-name", "bluegreen-webhook",
		"Service through which the API server calls the webhook, with self-managed certificates.")
	flags.DurationVar(&o.shutdownDelay, "shutdown-delay-duration", 0,
		"Time to serve on after being told to end, while /readyz fails and every answer closes its connection.")
	logsapi.AddFlags(o.logging, flags)
	flags.VisitAll(func(flag *pflag.Flag) {
		// Alpha options of the logging library, behind a feature gate that nothing here opens.
		flag.Hidden = strings.HasPrefix(flag.Usage, "[Alpha]")
	})
	flags.Usage = func() { fmt.Fprintf(flags.Output(), usage, flags.FlagUsages()) }
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if rest := flags.Args(); len(rest) > 0 {
		return nil, fmt.Errorf("unexpected argument %q: there are only flags, see --help", rest[0])
	}
	return o, o.validate()
}

func (o *options) validate() error {
	var errs []error
	if o.namespace == "" {
		errs = append(errs, errors.New("--namespace: must be set, by the flag or by POD_NAMESPACE"))
	}
	if problems := validation.IsValidPortNum(o.webhookPort); len(problems) > 0 {
		errs = append(errs, fmt.Errorf("--webhook-port: %d: %s", o.webhookPort, strings.Join(problems, "; ")))
	}
	if o.shutdownDelay < 0 {
		errs = append(errs, fmt.Errorf("--shutdown-delay-duration: %s: must be 0s or more", o.shutdownDelay))
	}
	if o.drain < 0 {
		errs = append(errs, fmt.Errorf("--drain: %s: must be 0s or more", o.drain))
	}
	for _, namespace := range o.watchNamespaces {
		if problems := validation.IsDNS1123Label(namespace); len(problems) > 0 {
			errs = append(errs, fmt.Errorf("--watch-namespaces: %q: %s", namespace, strings.Join(problems, "; ")))
		}
	}
	return errors.Join(errs...)
}

// selfManaged reports whether the process makes its own certificates.
func (o *options) selfManaged() bool { return o.tlsCertDir == "" }
