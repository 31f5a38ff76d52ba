// Package pages counts the pages that a switch breaks: a page's HTML and the assets that it names are requests of their own, and a switch
// may come between them. It runs bluegreen and its peers on a real node, under browsers and clients like them that load one page after the
// other.
package pages

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/bench/peers"
	"github.com/bluegreen-k8s/bluegreen/test/traffic"
)

// versions are those that every peer goes through, over and over: each has a next one that it cannot know.
var versions = []string{"1.10", "1.11", "1.12"}

// before returns the version that served before another.
func before(version string) string {
	return versions[(slices.Index(versions, version)+len(versions)-1)%len(versions)]
}

// pagePath is the page. Each answer takes as long as it does over a network.
const pagePath = "/page?wait=100ms"

// kind is a kind of client, which speaks http or https, and how many visitors have one.
type kind struct {
	name, scheme string
	visitors     int
	open         func(origin string) (client, error)
}

func kinds(browser *chromium) []kind {
	return []kind{
		{"Chromium, HTTP/1.1", "http", 2, func(origin string) (client, error) { return browser.open(origin, "http/1.1") }},
		{"Chromium, HTTP/2", "https", 2, func(origin string) (client, error) { return browser.open(origin, "h2") }},
		{"Go, HTTP/1.1", "http", 4, http1},
		{"Go, HTTP/2", "https", 4, http2},
		{"Go, a connection for each request", "http", 4, fresh},
	}
}

// Contenders lets bluegreen and its peers switch so many times.
func Contenders(ctx context.Context, cluster peers.Cluster, runs int) (*Result, error) {
	return run(ctx, cluster, runs, cluster.Peers(peers.App{})...)
}

// Remedies lets bluegreen switch so many times with each of what might help, and a RollingUpdate with what helps bluegreen.
func Remedies(ctx context.Context, cluster peers.Cluster, runs int) (*Result, error) {
	graceful := peers.App{Container: with("NGINX_SHUTDOWN", func(string) string { return "graceful" })}
	affinity := peers.App{Service: func(s *corev1.ServiceSpec) { s.SessionAffinity = corev1.ServiceAffinityClientIP }}
	kept := peers.App{Container: with("NGINX_ASSETS_OF", before)}
	bucket := peers.App{Container: with("NGINX_ASSETS_OF", func(string) string { return strings.Join(versions, " ") })}
	return run(ctx, cluster, runs,
		named("bluegreen, pods finish what is in flight", peers.BlueGreen(graceful)),
		named("bluegreen, sessionAffinity: ClientIP", peers.BlueGreen(affinity)),
		named("bluegreen, each image has the assets of the version before", peers.BlueGreen(kept)),
		named("bluegreen, all assets everywhere, as in a bucket", peers.BlueGreen(bucket)),
		named("RollingUpdate, each image has the assets of the version before", peers.RollingUpdate(kept)))
}

// with sets a variable of each version's containers.
func with(variable string, value func(version string) string) func(string, *corev1.Container) {
	return func(version string, container *corev1.Container) {
		container.Env = append(container.Env, corev1.EnvVar{Name: variable, Value: value(version)})
	}
}

func named(name string, p peers.Peer) peers.Peer {
	p.Name = name
	return p
}

// run lets every peer switch so many times, in turns, so that a slow minute of the machine is everybody's.
func run(ctx context.Context, cluster peers.Cluster, runs int, compared ...peers.Peer) (*Result, error) {
	browser, err := startChromium(ctx)
	if err != nil {
		return nil, err
	}
	defer browser.end()
	clients := kinds(browser)
	stages, err := cluster.SetUp(ctx, versions[0], compared...)
	defer cluster.CleanUp(ctx, stages)
	if err != nil {
		return nil, err
	}
	result := newResult(compared, clients)
	for i := range runs {
		from, to := versions[i%len(versions)], versions[(i+1)%len(versions)]
		for j, s := range stages {
			seen, err := measure(ctx, s, clients, from, to)
			if err != nil {
				return nil, fmt.Errorf("switch %d of %s: %w", i+1, s.Name, err)
			}
			cluster.Logf("switch %d, %s: %v", i+1, s.Name, seen)
			result.add(j, seen)
		}
	}
	return result, nil
}

// measure switches once, while visitors load the page from before the ask until the last pod of the version before is gone and all of
// them have the new version.
func measure(ctx context.Context, s *peers.Stage, clients []kind, from, to string) (outcome, error) {
	if err := s.Serving(ctx, from); err != nil {
		return outcome{}, err
	}
	probe := traffic.Start(s.URL(), 1, 20)
	defer probe.Stop()
	visit, err := start(clients, s.Address)
	if err != nil {
		return outcome{}, err
	}
	defer visit.end()
	if err := visit.awaitWhole(ctx, from); err != nil {
		return outcome{}, err
	}
	asked := time.Now()
	if err := s.Switch(ctx, probe, from, to); err != nil {
		return outcome{}, err
	}
	if err := visit.awaitWhole(ctx, to); err != nil {
		return outcome{}, err
	}
	crowds := visit.end()
	answers := traffic.Analyze(probe.Stop(), from, traffic.Ask{At: asked, Version: to})
	return judge(crowds, answers.Switches[0].FirstNew), nil
}
