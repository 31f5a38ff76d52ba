// Command demo shows the main job on the cluster of KUBECONFIG, which has bluegreen installed: nginx 1.10 becomes 1.11
// behind one Service, under live requests. It fails if a request failed, or if answers of the two versions were mixed.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/bluegreen-k8s/bluegreen/test/traffic"
)

const (
	namespace = "bluegreen-demo"
	blue      = "1.10"
	green     = "1.11"
	// rate is how many requests are sent in a second.
	rate = 200
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return fmt.Errorf("finding the cluster: %w", err)
	}
	cluster, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("setting up a client: %w", err)
	}
	s := &screen{}
	if err := setUp(ctx, s); err != nil {
		return err
	}
	follower, err := follow(ctx, s, cluster)
	if err != nil {
		return err
	}
	service, err := cluster.CoreV1().Services(namespace).Get(ctx, "nginx", metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("looking up the Service's address: %w", err)
	}
	report, err := perform(ctx, s, "http://"+service.Spec.ClusterIP)
	if err != nil {
		return err
	}
	return conclude(s, report, follower)
}

// setUp puts version 1.10 behind Service nginx, in a namespace that nobody has used.
func setUp(ctx context.Context, s *screen) error {
	s.title("Version %s serves", blue)
	for _, args := range [][]string{
		{"delete", "namespace", namespace, "--ignore-not-found"},
		{"create", "namespace", namespace},
		inNamespace("apply", "-f", "examples/nginx/blue.yaml", "-f", "examples/nginx/service.yaml"),
		inNamespace("wait", "deployment/nginx-"+blue, "--for=condition=Available", "--timeout=2m"),
	} {
		if err := s.kubectl(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

// perform switches to 1.11 under requests, and says what these saw.
func perform(ctx context.Context, s *screen, url string) (traffic.Report, error) {
	s.title("%d requests a second from here on, each over a connection of its own, at %s", rate, url)
	client, err := startTraffic(ctx, url)
	if err != nil {
		return traffic.Report{}, err
	}
	defer client.Stop()
	live, stop := context.WithCancel(ctx)
	defer stop()
	go s.showTraffic(live, client)

	watchFor(ctx, 3*time.Second)
	asked, err := switchOver(ctx, s)
	if err != nil {
		return traffic.Report{}, err
	}
	watchFor(ctx, 3*time.Second)
	s.title("The script of before does not move traffic by accident any more; kubectl prints a warning")
	err = s.kubectl(ctx, inNamespace("patch", "svc", "nginx", "-p", `{"spec":{"selector":{"name":"nginx","version":"`+blue+`"}}}`)...)
	if err != nil {
		return traffic.Report{}, err
	}
	watchFor(ctx, 3*time.Second)
	stop()
	return traffic.Analyze(client.Stop(), blue, traffic.Ask{At: asked, Version: green}), ctx.Err()
}

// startTraffic starts the requests when the Service's address answers, which is a moment after its pods are ready.
func startTraffic(ctx context.Context, url string) (*traffic.Client, error) {
	probe := traffic.Start(url, 1, 50)
	defer probe.Stop()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := probe.Await(ctx, func(r traffic.Result) bool { return r.Err == nil }); err != nil {
		return nil, fmt.Errorf("the Service does not answer: %w", err)
	}
	return traffic.Start(url, 20, rate), nil
}

// switchOver asks for 1.11 before its pods are ready, waits for the switch, and returns when it asked.
func switchOver(ctx context.Context, s *screen) (time.Time, error) {
	s.title("Version %s starts, and is asked for before it is ready", green)
	if err := s.kubectl(ctx, inNamespace("apply", "-f", "examples/nginx/green.yaml")...); err != nil {
		return time.Time{}, err
	}
	asked := time.Now()
	err := s.kubectl(ctx, inNamespace("annotate", "service", "nginx", "bluegreen/target-version="+green, "--overwrite")...)
	if err != nil {
		return asked, err
	}
	return asked, s.kubectl(ctx, inNamespace("wait", "service/nginx", "--for=jsonpath={.spec.selector.version}="+green, "--timeout=2m")...)
}

func inNamespace(args ...string) []string {
	return append([]string{"-n", namespace}, args...)
}

// watchFor gives people a while to look.
func watchFor(ctx context.Context, while time.Duration) {
	select {
	case <-time.After(while):
	case <-ctx.Done():
	}
}

// conclude says what happened in figures, and fails if anything went wrong.
func conclude(s *screen, report traffic.Report, f *follower) error {
	s.title("What happened")
	s.figures(report, f.delay())
	s.title("The cluster stays up: kubectl -n %s describe service nginx. To remove it: make cluster-down", namespace)
	switched := report.Switches[0]
	if len(report.Errors) > 0 || len(report.Mixed) > 0 || switched.FirstNew.IsZero() {
		return errors.New("requests failed, versions were mixed, or there was no switch; see the figures above")
	}
	return nil
}
