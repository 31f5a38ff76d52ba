package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/bluegreen-k8s/bluegreen/bench/plane"
	"github.com/bluegreen-k8s/bluegreen/bench/report"
	"github.com/bluegreen-k8s/bluegreen/test/markdown"
)

// plainNamespace is that of the Services and Deployments that nobody manages.
const plainNamespace = "plain"

// footing is what a controller takes with so many units.
type footing struct {
	units       int
	start       time.Duration // From the start of the process to its first decision.
	usage       plane.Usage   // With nothing happening.
	rest, churn float64       // CPU, as a share of a core: with nothing happening, and while unmanaged objects change.
	writes      int           // Of managed Services and of their Deployments, after a restart, but for the one unit that switches.
	most        uint64        // The most memory that was resident, in bytes.
	latency     []time.Duration
}

// scale measures what bluegreen takes with more and more managed Services, beside many that are not.
func (b *bench) scale(ctx context.Context) error {
	p, ctx, err := plane.Start(ctx, b.crds...)
	if err != nil {
		return err
	}
	defer p.Stop()
	if err := createPlain(ctx, p, b.size.plain); err != nil {
		return err
	}
	self := newBluegreen(b.self, deploymentStatus{})
	var footings []footing
	for _, units := range b.size.managed {
		if err := self.grow(ctx, p, units); err != nil {
			return err
		}
		one, err := b.stand(ctx, p, self, units)
		if err != nil {
			return fmt.Errorf("%d managed Services: %w", units, err)
		}
		footings = append(footings, one)
	}
	rival, err := b.rival(ctx, b.size.managed[len(b.size.managed)-1])
	if err != nil {
		return fmt.Errorf("its rival: %w", err)
	}
	return b.reportScale(footings, rival)
}

// idle is the share of a core below which a process is at rest.
const idle = 0.1

// awaitIdle waits until a process is at rest for a while.
func awaitIdle(pid int, while time.Duration) error {
	for {
		if share, err := cpu(pid, while, func() {}); err != nil || share < idle {
			return err
		}
	}
}

// rival measures what Argo Rollouts takes at rest with so many Rollouts; nothing where it is left out. With its default flags it
// would make some 20 in a second, so it gets more of the API server until it has made them.
func (b *bench) rival(ctx context.Context, units int) (plane.Usage, error) {
	if b.argo == "" {
		return plane.Usage{}, nil
	}
	p, ctx, err := plane.Start(ctx, b.crds...)
	if err != nil {
		return plane.Usage{}, err
	}
	defer p.Stop()
	if err := createPlain(ctx, p, b.size.plain); err != nil {
		return plane.Usage{}, err
	}
	if err := playReplicaSets(ctx, p); err != nil {
		return plane.Usage{}, err
	}
	peer := newArgo(b.argo, replicaSetStatus{}, "--qps=1000", "--burst=1000")
	if err := peer.start(ctx, p, units); err != nil {
		return plane.Usage{}, err
	}
	peer.process.End()
	peer.flags = nil
	if err := peer.run(); err != nil {
		return plane.Usage{}, err
	}
	if err := awaitIdle(peer.pid(), b.size.rest); err != nil {
		return plane.Usage{}, err
	}
	return plane.UsageOf(peer.pid())
}

func createPlain(ctx context.Context, p *plane.Plane, count int) error {
	if err := ensureNamespace(ctx, p.Clients, plainNamespace); err != nil {
		return err
	}
	return each(ctx, count, func(ctx context.Context, i int) error {
		service := newService(plainNamespace, i, versioned(i, "v1"), nil)
		if _, err := p.Clients.CoreV1().Services(plainNamespace).Create(ctx, service, metav1.CreateOptions{}); err != nil {
			return err
		}
		_, err := p.Clients.AppsV1().Deployments(plainNamespace).Create(ctx, newDeployment(plainNamespace, i, "v1"), metav1.CreateOptions{})
		return err
	})
}

// grow brings the managed Services to a number, and starts the process if it does not run yet.
func (b *bluegreen) grow(ctx context.Context, p *plane.Plane, units int) error {
	if b.replica == nil {
		return b.start(ctx, p, units)
	}
	have := len(b.target)
	b.target = append(b.target, make([]string, units-have)...)
	if err := each(ctx, units-have, func(ctx context.Context, i int) error { return b.createUnit(ctx, have+i) }); err != nil {
		return err
	}
	return b.awaitSettled(ctx)
}

// awaitSettled waits until what serves has its finalizer and what does not has none, the last that is written about a new Service
// and about a switch.
func (b *bluegreen) awaitSettled(ctx context.Context) error {
	return each(ctx, len(b.target), func(ctx context.Context, i int) error {
		for _, version := range []string{"v1", "v2"} {
			serves := version == b.target[i]
			err := awaitLast(ctx, b.seen, keyOf("Deployment", nameOf(i)+"-"+version), func(d *appsv1.Deployment) bool {
				return len(d.Finalizers) > 0 == serves
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// stand restarts the process and measures what it takes.
func (b *bench) stand(ctx context.Context, p *plane.Plane, self *bluegreen, units int) (footing, error) {
	f := footing{units: units}
	restarted := time.Now()
	var err error
	if f.start, err = self.restart(ctx, p); err != nil {
		return f, err
	}
	if err := awaitIdle(self.pid(), b.size.rest); err != nil {
		return f, err
	}
	if f.rest, err = cpu(self.pid(), b.size.rest, func() {}); err != nil {
		return f, err
	}
	f.writes = self.seen.count(restarted, func(key string) bool { return !slices.Contains(self.unitKeys(0), key) })
	if f.usage, err = plane.UsageOf(self.pid()); err != nil {
		return f, err
	}
	churning, stop := context.WithCancel(ctx)
	defer stop()
	if f.churn, err = cpu(self.pid(), b.size.rest, func() { go churn(churning, p, b.size.plain) }); err != nil {
		return f, err
	}
	stop()
	for i := range b.size.switches {
		one, err := timeSwitch(ctx, self, i%units)
		if err != nil {
			return f, err
		}
		f.latency = append(f.latency, one)
	}
	last, err := plane.UsageOf(self.pid())
	f.most = last.Peak
	return f, err
}

// unitKeys are those under which the objects of a unit are seen.
func (s *pair) unitKeys(unit int) []string {
	return []string{keyOf("Service", nameOf(unit)), keyOf("Deployment", nameOf(unit)+"-v1"), keyOf("Deployment", nameOf(unit)+"-v2")}
}

// restart ends the process, asks for a switch that can be made at once, and starts it: it returns when that has been made.
func (b *bluegreen) restart(ctx context.Context, p *plane.Plane) (time.Duration, error) {
	if err := b.arm(ctx, 0); err != nil {
		return 0, err
	}
	b.replica.End(ctx, syscall.SIGTERM)
	down := time.Now()
	if err := b.signal(ctx, 0); err != nil {
		return 0, err
	}
	start := time.Now()
	if err := b.run(ctx, p); err != nil {
		return 0, err
	}
	_, effect, err := b.await(ctx, 0, down)
	return effect.Sub(start), err
}

// cpu returns the share of a core that a process takes for a while.
func cpu(pid int, while time.Duration, meanwhile func()) (float64, error) {
	before, err := plane.UsageOf(pid)
	if err != nil {
		return 0, err
	}
	start := time.Now()
	meanwhile()
	time.Sleep(while)
	after, err := plane.UsageOf(pid)
	return (after.CPU - before.CPU).Seconds() / time.Since(start).Seconds(), err
}

// churnRate is how many unmanaged objects change in a second.
const churnRate = 100

// churn changes unmanaged Services and the status of unmanaged Deployments until the context ends.
func churn(ctx context.Context, p *plane.Plane, count int) {
	ticker := time.NewTicker(time.Second / churnRate)
	defer ticker.Stop()
	for i := 0; ctx.Err() == nil; i++ {
		<-ticker.C
		if i%2 == 0 {
			_ = setAvailable(ctx, p.Clients, plainNamespace, nameOf(i%count)+"-v1", i/count%2 == 0)
			continue
		}
		patch := fmt.Appendf(nil, `{"metadata":{"labels":{"revision":"%d"}}}`, time.Now().UnixNano()) // Of the same value nobody hears.
		_, _ = p.Clients.CoreV1().Services(plainNamespace).Patch(ctx, nameOf(i%count), types.MergePatchType, patch, metav1.PatchOptions{})
	}
}

func (b *bench) reportScale(footings []footing, rival plane.Usage) error {
	table := markdown.Table{Head: []string{
		"managed Services (Deployments)",
		"memory at rest",
		"at most",
		"memory, as a multiple of the first",
		"CPU at rest",
		fmt.Sprintf("CPU with %d changes/s of others", churnRate),
		"start to first decision",
		"writes at rest, after a restart",
		"one switch, median",
		"as a multiple of the first",
		"p99",
	}}
	memory := report.Series{Name: "bluegreen, at rest"}
	first := footings[0]
	for _, f := range footings {
		median := report.Quantile(f.latency, 0.5)
		table.Add(
			fmt.Sprintf("%d (%d)", f.units, 2*f.units),
			mebibytes(f.usage.Resident),
			mebibytes(f.most),
			report.Ratio(float64(f.usage.Resident), float64(first.usage.Resident)),
			percent(f.rest),
			percent(f.churn),
			seconds(f.start),
			fmt.Sprint(f.writes),
			report.MS(median),
			report.Ratio(median, report.Quantile(first.latency, 0.5)),
			report.MS(report.Quantile(f.latency, 0.99)))
		memory.X = append(memory.X, float64(f.units))
		memory.Y = append(memory.Y, float64(f.usage.Resident)/(1<<20))
	}
	plot := report.Plot{
		Title:  fmt.Sprintf("Memory, beside %d unmanaged Services and Deployments", b.size.plain),
		X:      "managed Services",
		Y:      "MiB",
		Series: []report.Series{memory},
	}
	text := strings.TrimSpace(table.String())
	if last := footings[len(footings)-1]; rival.Resident > 0 {
		text += fmt.Sprintf("\n\nArgo Rollouts at rest, restarted, with %d Rollouts beside the same: %s, %s times as much.", last.units,
			mebibytes(rival.Resident), report.Ratio(float64(rival.Resident), float64(last.usage.Resident)))
	}
	return b.publish("scale", text, map[string]report.Plot{"performance-scale.svg": plot})
}

func mebibytes(bytes uint64) string { return fmt.Sprintf("%.0f MiB", float64(bytes)/(1<<20)) }

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }
