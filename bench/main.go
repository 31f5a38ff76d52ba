// Command bench measures bluegreen beside its peers, and writes what it found into docs/performance.md and docs/front-ends.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/bluegreen-k8s/bluegreen/bench/felt"
	"github.com/bluegreen-k8s/bluegreen/bench/pages"
	"github.com/bluegreen-k8s/bluegreen/bench/peers"
	"github.com/bluegreen-k8s/bluegreen/bench/report"
	"github.com/bluegreen-k8s/bluegreen/test/markdown"
)

// size is how much is measured.
type size struct {
	switches int   // of each peer, one at a time
	script   int   // of the script, which takes seconds for each
	storm    int   // Services that switch at once
	storms   int   // how often they do
	rates    []int // writes a second
	felt     int   // switches of each peer on the real node
	pages    int   // switches of each peer on the real node, under browsers
	managed  []int
	starts   []int         // Deployments that there are at a start, rising
	plain    int           // unmanaged Services, each with a Deployment
	rest     time.Duration // in which nothing happens, or only to unmanaged objects
}

var full = size{
	switches: 100,
	script:   100,
	storm:    1000,
	storms:   3,
	felt:     20,
	pages:    10,
	rates:    []int{100, 500, 1000},
	managed:  []int{1000, 5000, 10000},
	starts:   []int{4000, 8000},
	plain:    10000,
	rest:     20 * time.Second,
}

// bench is a run.
type bench struct {
	size size
	docs string // Where results go; empty for standard output alone.

	// self and loop are the programs of bluegreen and of the bare loop.
	self, loop string

	// argo is the program of Argo Rollouts, and crds the files of its types; without them it is left out.
	argo string
	crds []string
	// pagesOf names the peers whose pages are counted; none for all.
	pagesOf []string

	// kubeconfig is of the local cluster, for what needs a real node.
	kubeconfig string
}

type experiment struct {
	name string
	run  func(*bench, context.Context) error
}

var experiments = []experiment{
	{"latency", (*bench).latency},
	{"readiness", (*bench).readiness},
	{"storm", (*bench).storm},
	{"scale", (*bench).scale},
	{"start", (*bench).start},
	{"webhook", (*bench).webhook},
	{"felt", (*bench).felt},
	{"pages", (*bench).pages},
}

func main() {
	ctrl.SetLogger(klog.Background())
	if err := run(ctrl.SetupSignalHandler(), os.Args[1:]); err != nil && !errors.Is(err, pflag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	b := &bench{size: full}
	var names []string
	for _, e := range experiments {
		names = append(names, e.name)
	}
	flags := pflag.NewFlagSet("bench", pflag.ContinueOnError)
	flags.IntVar(&b.size.switches, "switches", b.size.switches, "How many switches of each peer are timed one at a time.")
	flags.IntVar(&b.size.script, "script", b.size.script, "How many switches of the script are, each of which takes some 5 seconds.")
	flags.IntSliceVar(&b.size.managed, "managed", b.size.managed, "Numbers of managed Services, rising.")
	flags.IntVar(&b.size.plain, "plain", b.size.plain, "How many unmanaged Services there are, and Deployments.")
	flags.IntVar(&b.size.storm, "storm", b.size.storm, "How many Services switch at once.")
	only := flags.StringSlice("only", names, "What to measure.")
	flags.StringVar(&b.docs, "docs", "", "Directory of performance.md, front-ends.md and of the plots. Empty to print only.")
	flags.StringVar(&b.argo, "argo", "", "Program of Argo Rollouts' controller. Empty to leave it out.")
	crds := flags.String("argo-crds", "", "Directory of Argo Rollouts' CustomResourceDefinitions.")
	flags.StringVar(&b.kubeconfig, "cluster-kubeconfig", "",
		"Kubeconfig of the local cluster, with bluegreen installed. Empty to leave out what needs a real node.")
	flags.IntVar(&b.size.felt, "felt", b.size.felt, "How many switches each peer makes on the real node.")
	flags.IntVar(&b.size.pages, "pages", b.size.pages, "How many switches each peer makes on the real node under browsers.")
	flags.StringSliceVar(&b.pagesOf, "pages-of", nil, "Whose pages are counted, by the headings of front-ends.md. Empty for all.")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if b.argo != "" {
		b.crds = []string{*crds}
	}
	for _, name := range *only {
		if !slices.Contains(names, name) {
			return fmt.Errorf("--only: %q: must be one of %s", name, strings.Join(names, ", "))
		}
	}
	programs, err := os.MkdirTemp("", "bluegreen-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(programs)
	if err := b.build(ctx, programs); err != nil {
		return err
	}
	for _, e := range experiments {
		if !slices.Contains(*only, e.name) {
			continue
		}
		if err := e.run(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
	}
	return nil
}

// build builds what is measured into a directory, as make image does.
func (b *bench) build(ctx context.Context, dir string) error {
	b.self, b.loop = filepath.Join(dir, "webhook"), filepath.Join(dir, "loop")
	for program, source := range map[string][2]string{b.self: {"..", "./cmd/webhook"}, b.loop: {".", "./loop"}} {
		build := exec.CommandContext(ctx, "go", "build", "-C", source[0], "-trimpath", "-ldflags=-s -w", "-o", program, source[1])
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if output, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("building %s: %w\n%s", source[1], err, output)
		}
	}
	return nil
}

// peers are those that are compared, with the cues of those that wait for a Deployment and of those that wait for a ReplicaSet;
// the first is the limit.
func (b *bench) peers(deployment, replicaSet cue) []peer {
	peers := []peer{newBare(b.loop, deployment), newBluegreen(b.self, deployment)}
	if b.argo != "" {
		peers = append(peers, newArgo(b.argo, replicaSet))
	}
	return peers
}

// felt measures what users feel, on the real node.
func (b *bench) felt(ctx context.Context) error {
	if !b.hasCluster("felt") {
		return nil
	}
	result, err := felt.Run(ctx, b.cluster("felt"), b.size.felt)
	if err != nil {
		return err
	}
	text, plots := result.Report()
	return b.publish("felt", text, plots)
}

// pages counts the pages that a switch breaks, on the real node.
func (b *bench) pages(ctx context.Context) error {
	if !b.hasCluster("pages") {
		return nil
	}
	return pages.Run(ctx, b.cluster("pages"), b.size.pages, b.pagesOf, func(peer, table string) error {
		return b.publishIn("front-ends.md", "make bench-pages", "pages of "+peer, table)
	})
}

// hasCluster reports whether there is a real node, and tells if there is none.
func (b *bench) hasCluster(experiment string) bool {
	if b.kubeconfig == "" {
		fmt.Fprintf(os.Stderr, "bench: --cluster-kubeconfig is not given: %s is left out\n", experiment)
	}
	return b.kubeconfig != ""
}

func (b *bench) cluster(experiment string) peers.Cluster {
	return peers.Cluster{
		Kubeconfig: b.kubeconfig,
		Argo:       b.argo,
		ArgoCRDs:   strings.Join(b.crds, ""),
		Logf:       func(format string, args ...any) { fmt.Fprintf(os.Stderr, experiment+": "+format+"\n", args...) },
	}
}

// publish prints what was measured, and puts it into the docs.
func (b *bench) publish(section, text string, plots map[string]report.Plot) error {
	if err := b.publishIn("performance.md", "make bench", section, text); err != nil || b.docs == "" {
		return err
	}
	for name, plot := range plots {
		if err := plot.Save(filepath.Join(b.docs, name)); err != nil {
			return err
		}
	}
	return nil
}

// publishIn prints a section of a page of the docs, and puts it there; the page names the command that writes it.
func (b *bench) publishIn(page, command, section, text string) error {
	fmt.Printf("## %s\n\n%s\n\n", section, text)
	if b.docs == "" {
		return nil
	}
	return markdown.Fill(filepath.Join(b.docs, page), section, command, text)
}
