package app

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"time"

	"github.com/spf13/pflag"
	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes/scheme"
	authenticationclient "k8s.io/client-go/kubernetes/typed/authentication/v1"
	"k8s.io/client-go/rest"
	logsapi "k8s.io/component-base/logs/api/v1"
	"k8s.io/klog/v2"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	ctrlwebhook "sigs.k8s.io/controller-runtime/pkg/webhook"

	"github.com/bluegreen-k8s/bluegreen/pkg/certs"
	"github.com/bluegreen-k8s/bluegreen/pkg/metrics"
	"github.com/bluegreen-k8s/bluegreen/pkg/mutate"
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/cluster"
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/protection"
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/reachability"
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/switching"
)

// Run runs bluegreen until the context ends. version is that of the build, for the log and the API server's audit log.
func Run(ctx context.Context, version string, args []string) error {
	if len(args) > 0 && args[0] == uninstallCommand {
		return runUninstall(ctx, args[1:], os.Stdout)
	}
	o, err := parse(args)
	if errors.Is(err, pflag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := logsapi.ValidateAndApply(o.logging, nil); err != nil {
		return fmt.Errorf("setting up logs: %w", err)
	}
	ctrl.SetLogger(klog.Background())
	if err := metrics.Register(ctrlmetrics.Registry); err != nil {
		return fmt.Errorf("registering metrics: %w", err)
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("finding the cluster: %w", err)
	}
	config.UserAgent = "bluegreen/" + version
	klog.FromContext(ctx).Info("Starting bluegreen", "version", version)
	return o.run(ctx, config)
}

// run puts the parts together and runs them.
func (o *options) run(ctx context.Context, config *rest.Config) error {
	// The API server's priority and fairness decides what waits, not the client.
	config.QPS = -1
	controllerUser, err := whoAmI(ctx, config, absenceTimeout)
	if err != nil {
		return err
	}
	if err := o.leaveOut(ctx, config); err != nil {
		return err
	}
	clock := &cluster.Clock{}
	config.Wrap(clock.Listen)
	keeper := &certs.Keeper{Options: o.certs()}
	mgr, err := ctrl.NewManager(config, o.manager(keeper))
	if err != nil {
		return fmt.Errorf("setting up the manager: %w", err)
	}
	if err := o.setUpCertificates(mgr, keeper); err != nil {
		return err
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	if err := mgr.Add(absence{cluster: mgr.GetAPIReader(), namespaces: o.leftOut, kinds: o.cached(), end: end}); err != nil {
		return fmt.Errorf("setting up the look at namespaces: %w", err)
	}
	ending := shutdown{asked: ctx, delay: o.shutdownDelay}
	if err := o.setUp(ctx, mgr, clock, controllerUser, ending); err != nil {
		return err
	}
	ctx, cancel := ending.context()
	defer cancel()
	return start(ctx, mgr, startTimeout)
}

// absenceTimeout is how long a process that starts waits for an API server that does not answer. The kubelet gives it a minute (the
// chart's startupProbe), and starts one that has ended later each time.
const absenceTimeout = 45 * time.Second

// startTimeout is how long the caches may take to sync: many times what the largest cluster needs.
const startTimeout = 3 * time.Minute

// start runs the manager until the context ends. While the caches have not synced, the manager does not heed that, and nothing runs yet
// that wants an orderly end. Caches that do not sync in time are an error: the kubelet starts the process again.
func start(ctx context.Context, mgr manager.Manager, timeout time.Duration) error {
	ended := make(chan error, 1)
	starting, cancel := context.WithTimeout(ctx, timeout)
	go func() {
		ended <- mgr.Start(ctx)
		cancel()
	}()
	synced := mgr.GetCache().WaitForCacheSync(starting)
	if !synced && ctx.Err() != nil {
		return nil
	}
	if !synced && errors.Is(starting.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("the caches have not synced within %s; the log before this says why", timeout)
	}
	return <-ended
}

// setUp registers controllers, webhooks and checks.
func (o *options) setUp(ctx context.Context, mgr manager.Manager, clock *cluster.Clock, controllerUser string, ending shutdown) error {
	if !o.worksNowhere() {
		if err := o.addControllers(ctx, mgr, clock); err != nil {
			return err
		}
	}
	hooks, scheme, reader, recorder := mgr.GetWebhookServer(), mgr.GetScheme(), mgr.GetAPIReader(), mgr.GetEventRecorder(cluster.Name)
	services := mutate.ForServices(scheme, reader, recorder, controllerUser, o.inUseProtection, o.checks)
	hooks.Register(mutate.ServicesPath, ending.handler(services))
	hooks.Register(mutate.DeploymentsPath, ending.handler(mutate.ForDeployments(scheme, reader, recorder, controllerUser)))
	return addChecks(mgr, ending)
}

// setUpCertificates registers who makes the certificates, and who tells when they expire.
func (o *options) setUpCertificates(mgr manager.Manager, keeper *certs.Keeper) error {
	served := metrics.Certificates(keeper.Certificates)
	if o.selfManaged() {
		if err := keeper.SetupWithManager(mgr); err != nil {
			return fmt.Errorf("setting up certificates: %w", err)
		}
	} else {
		served = certs.Directory(o.tlsCertDir).Certificates
	}
	if err := ctrlmetrics.Registry.Register(served); err != nil {
		return fmt.Errorf("registering metrics: %w", err)
	}
	return nil
}

// addControllers registers the controllers, and the check of their caches.
func (o *options) addControllers(ctx context.Context, mgr manager.Manager, clock *cluster.Clock) error {
	if err := cluster.AddIndexes(ctx, mgr.GetFieldIndexer()); err != nil {
		return fmt.Errorf("indexing: %w", err)
	}
	shared := cluster.Of(mgr, clock)
	if err := ctrlmetrics.Registry.Register(shared.Census); err != nil {
		return fmt.Errorf("registering metrics: %w", err)
	}
	if err := switching.New(shared, o.inUseProtection, o.checks).SetupWithManager(mgr); err != nil {
		return fmt.Errorf("setting up the switching of Services: %w", err)
	}
	if err := protection.New(shared, o.inUseProtection, o.drain).SetupWithManager(mgr); err != nil {
		return fmt.Errorf("setting up the protection of Deployments: %w", err)
	}
	own := types.NamespacedName{Namespace: o.namespace, Name: o.deployment}
	if err := mgr.Add(reachability.New(shared, own)); err != nil {
		return fmt.Errorf("setting up the look at the webhook: %w", err)
	}
	if err := mgr.AddReadyzCheck("caches", cachesSynced(mgr)); err != nil {
		return fmt.Errorf("adding a readiness check: %w", err)
	}
	return nil
}

// whoAmI returns the user name under which the API server knows this process: that of the controller, the only one who
// moves traffic.
func whoAmI(ctx context.Context, config *rest.Config, timeout time.Duration) (string, error) {
	reviews, err := authenticationclient.NewForConfig(config)
	if err != nil {
		return "", fmt.Errorf("setting up a client: %w", err)
	}
	var name string
	var failed error
	err = wait.PollUntilContextTimeout(ctx, time.Second, timeout, true, func(ctx context.Context) (bool, error) {
		var review *authenticationv1.SelfSubjectReview
		review, failed = reviews.SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
		if failed == nil {
			name = review.Status.UserInfo.Username
		}
		var answer apierrors.APIStatus
		refused := errors.As(failed, &answer) && answer.Status().Code < http.StatusInternalServerError
		return failed == nil || refused, nil
	})
	if err = cmp.Or(failed, err); err != nil {
		return "", fmt.Errorf("asking the API server for the own user name: %w", err)
	}
	return name, nil
}

func (o *options) certs() certs.Options {
	return certs.Options{
		Secret:               types.NamespacedName{Namespace: o.namespace, Name: o.caSecretName},
		WebhookConfiguration: o.webhookConfiguration,
		ServiceName:          o.webhookService,
		Rotation:             certs.DefaultRotation,
	}
}

func (o *options) manager(keeper *certs.Keeper) manager.Options {
	return manager.Options{
		Scheme:                  scheme.Scheme,
		Cache:                   o.cache(keeper),
		WebhookServer:           o.webhookServer(keeper),
		HealthProbeBindAddress:  o.healthBindAddress,
		LeaderElection:          o.leaderElect,
		LeaderElectionID:        cluster.Name,
		LeaderElectionNamespace: o.namespace,
		// The process ends when the manager stops, so the next leader need not wait for the Lease to run out.
		LeaderElectionReleaseOnCancel: true,
		// A leader that dies without a word is followed within 5 s: the Lease, and twice the longest pause of a follower (2.2 retry periods).
		// That is short, and safe: every write carries the resourceVersion that it was decided on.
		LeaseDuration: ptr.To(3 * time.Second),
		RenewDeadline: ptr.To(2800 * time.Millisecond),
		RetryPeriod:   ptr.To(400 * time.Millisecond),
		Metrics: metricsserver.Options{
			BindAddress:    o.metricsBindAddress,
			SecureServing:  true,
			FilterProvider: filters.WithAuthenticationAndAuthorization,
		},
	}
}

func (o *options) cache(keeper *certs.Keeper) cache.Options {
	byObject := cluster.CacheByObject()
	if o.selfManaged() {
		maps.Copy(byObject, keeper.CacheByObject())
	}
	options := cache.Options{ByObject: byObject, NewInformer: cluster.NewInformer}
	for _, namespace := range o.watchNamespaces {
		if options.DefaultNamespaces == nil {
			options.DefaultNamespaces = map[string]cache.Config{}
		}
		options.DefaultNamespaces[namespace] = cache.Config{}
	}
	return options
}

func (o *options) webhookServer(keeper *certs.Keeper) ctrlwebhook.Server {
	options := ctrlwebhook.Options{Port: o.webhookPort, CertDir: o.tlsCertDir}
	if o.selfManaged() {
		options.TLSOpts = []func(*tls.Config){func(c *tls.Config) { c.GetCertificate = keeper.GetCertificate }}
	}
	return ctrlwebhook.NewServer(options)
}

// addChecks makes the process live while it answers, and ready while it serves the webhook and is to go on.
func addChecks(mgr manager.Manager, ending shutdown) error {
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return fmt.Errorf("adding the liveness check: %w", err)
	}
	if err := mgr.AddReadyzCheck("webhook", mgr.GetWebhookServer().StartedChecker()); err != nil {
		return fmt.Errorf("adding a readiness check: %w", err)
	}
	if err := mgr.AddReadyzCheck("shutdown", ending.ready); err != nil {
		return fmt.Errorf("adding a readiness check: %w", err)
	}
	return nil
}

func cachesSynced(mgr manager.Manager) healthz.Checker {
	return func(request *http.Request) error {
		ctx, cancel := context.WithTimeout(request.Context(), time.Second/2) // Less than a probe waits.
		defer cancel()
		if !mgr.GetCache().WaitForCacheSync(ctx) {
			return errors.New("the caches have not synced yet")
		}
		return nil
	}
}
