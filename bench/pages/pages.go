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
const pagePath = "/page?wait=200ms"

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

// peersOf returns all that are compared: bluegreen and its peers as they are, bluegreen with each of what might help, and a
// RollingUpdate with what helps bluegreen.
func peersOf(cluster peers.Cluster) []peers.Peer {
	graceful := peers.App{Container: with("NGINX_STOPSIGNAL", func(string) string { return "SIGQUIT" })}
	affinity := peers.App{Service: func(s *corev1.ServiceSpec) { s.SessionAffinity = corev1.ServiceAffinityClientIP }}
	kept := peers.App{Container: with("NGINX_ASSETS_OF", before)}
	bucket := peers.App{Container: with("NGINX_ASSETS_OF", func(string) string { return strings.Join(versions, " ") })}
	return append(cluster.Peers(peers.App{}),
		named("bluegreen with the assets of the version before", peers.BlueGreen(kept)),
		named("bluegreen with all assets", peers.BlueGreen(bucket)),
		named("bluegreen with session affinity", peers.BlueGreen(affinity)),
		named("bluegreen with a graceful shutdown", peers.BlueGreen(graceful)),
		named("RollingUpdate with the assets of the version before", peers.RollingUpdate(kept)))
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

// Run lets every peer switch so many times, and publishes a table of each as soon as it is done. Names choose among the peers; none of
// them is for all.
func Run(ctx context.Context, cluster peers.Cluster, runs int, names []string, publish func(peer, table string) error) error {
	compared, err := chosen(peersOf(cluster), names)
	if err != nil {
		return err
	}
	browser, err := startChromium(ctx)
	if err != nil {
		return err
	}
	defer browser.end()
	clients := kinds(browser)
	for _, p := range compared {
		outcomes, err := switches(ctx, cluster, p, clients, runs)
		if err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
		if err := publish(p.Name, table(clients, outcomes)); err != nil {
			return err
		}
	}
	return nil
}

// chosen returns the peers of some names, in the order of the peers; all if there is no name.
func chosen(all []peers.Peer, names []string) ([]peers.Peer, error) {
	if len(names) == 0 {
		return all, nil
	}
	known := make([]string, len(all))
	for i, p := range all {
		known[i] = p.Name
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("--pages-of: %q: must be one of %s", name, strings.Join(known, ", "))
		}
	}
	return slices.DeleteFunc(all, func(p peers.Peer) bool { return !slices.Contains(names, p.Name) }), nil
}

// switches lets a peer switch so many times.
func switches(ctx context.Context, cluster peers.Cluster, p peers.Peer, clients []kind, runs int) ([]outcome, error) {
	stages, err := cluster.SetUp(ctx, versions[0], p)
	defer cluster.CleanUp(ctx, stages)
	if err != nil {
		return nil, err
	}
	var outcomes []outcome
	for i := range runs {
		from, to := versions[i%len(versions)], versions[(i+1)%len(versions)]
		seen, err := measure(ctx, stages[0], clients, from, to)
		if err != nil {
			return nil, fmt.Errorf("switch %d: %w", i+1, err)
		}
		cluster.Logf("switch %d, %s: %v", i+1, p.Name, seen)
		outcomes = append(outcomes, seen)
	}
	return outcomes, nil
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
