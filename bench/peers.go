package main

import (
	"context"
	"fmt"
	"syscall"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/bluegreen-k8s/bluegreen/bench/follow"
	"github.com/bluegreen-k8s/bluegreen/bench/plane"
	"github.com/bluegreen-k8s/bluegreen/test/installation"
)

// switcher switches units, each a Service with what it sends traffic to, in a namespace of its own.
type switcher interface {
	name() string
	// start brings its process and so many units, of which the old version is live, with others writing nothing by then.
	start(ctx context.Context, p *plane.Plane, units int) error
	// arm asks for the other version of a unit, whose target is not ready, and waits until everybody has settled.
	arm(ctx context.Context, unit int) error
	// signal makes the target of a unit ready.
	signal(ctx context.Context, unit int) error
	// await returns when the signal arrived, and when the Service's new selector did.
	await(ctx context.Context, unit int, after time.Time) (signal, effect time.Time, err error)
}

// peer is a switcher that runs all the time.
type peer interface {
	switcher
	// pid is its process.
	pid() int
	// observed is what is seen of its namespace.
	observed() *observer
}

// stage is the namespace of a peer, and what is seen of it.
type stage struct {
	namespace string
	cue       cue

	plane *plane.Plane
	seen  *observer
}

func (s *stage) observed() *observer { return s.seen }

// open makes the namespace and observes it.
func (s *stage) open(ctx context.Context, p *plane.Plane) (err error) {
	s.plane = p
	if err := ensureNamespace(ctx, p.Clients, s.namespace); err != nil {
		return err
	}
	s.seen, err = observe(ctx, p.Clients, s.namespace)
	return err
}

// pair is what bluegreen, the bare loop and the script have in common: a Service and a Deployment for each of two versions.
type pair struct {
	stage
	annotated bool // The Services are asked to move by annotation, and start on their target.

	target []string
}

func other(version string) string {
	if version == "v1" {
		return "v2"
	}
	return "v1"
}

// create creates the units; both versions are ready, and v1 is live.
func (s *pair) create(ctx context.Context, p *plane.Plane, units int) error {
	s.target = make([]string, units)
	if err := s.open(ctx, p); err != nil {
		return err
	}
	return each(ctx, units, s.createUnit)
}

func (s *pair) createUnit(ctx context.Context, i int) error {
	s.target[i] = "v1"
	for _, version := range []string{"v1", "v2"} {
		deployment := newDeployment(s.namespace, i, version)
		if _, err := s.plane.Clients.AppsV1().Deployments(s.namespace).Create(ctx, deployment, metav1.CreateOptions{}); err != nil {
			return err
		}
		if err := s.setReady(ctx, i, version, true); err != nil {
			return err
		}
	}
	annotations := map[string]string{"meta.helm.sh/release-name": nameOf(i)}
	if s.annotated {
		annotations["bluegreen/target-version"] = "v1"
	}
	service := newService(s.namespace, i, versioned(i, "v1"), annotations)
	_, err := s.plane.Clients.CoreV1().Services(s.namespace).Create(ctx, service, metav1.CreateOptions{})
	return err
}

// turn says that the other version is wanted, and has its Deployment lose its pods.
func (s *pair) turn(ctx context.Context, unit int) (target string, err error) {
	target = other(s.target[unit])
	s.target[unit] = target
	return target, s.setReady(ctx, unit, target, false)
}

// setReady has a version be ready, or not, and waits until its Deployment says so.
func (s *pair) setReady(ctx context.Context, unit int, version string, ready bool) error {
	given := time.Now()
	if err := s.cue.give(ctx, &s.stage, nameOf(unit), version, ready); err != nil {
		return err
	}
	_, err := await(ctx, s.seen, keyOf("Deployment", nameOf(unit)+"-"+version), given, func(d *appsv1.Deployment) bool {
		return follow.Available(d) == ready
	})
	return err
}

func (s *pair) deployment(unit int) string { return nameOf(unit) + "-" + s.target[unit] }

func (s *pair) signal(ctx context.Context, unit int) error {
	return s.cue.give(ctx, &s.stage, nameOf(unit), s.target[unit], true)
}

func (s *pair) await(ctx context.Context, unit int, after time.Time) (signal, effect time.Time, err error) {
	if signal, err = s.cue.seen(ctx, &s.stage, nameOf(unit), s.target[unit], after); err != nil {
		return signal, effect, err
	}
	effect, err = await(ctx, s.seen, keyOf("Service", nameOf(unit)), after, selects("version", s.target[unit]))
	return signal, effect, err
}

func (s *pair) patchService(ctx context.Context, unit int, patch string) error {
	services := s.plane.Clients.CoreV1().Services(s.namespace)
	_, err := services.Patch(ctx, nameOf(unit), types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	return err
}

// bluegreen is this project: as it ships, with its webhook and its policies, under its own rights.
type bluegreen struct {
	pair
	shipped *installation.Installation
	program string
	replica *installation.Replica
}

func newBluegreen(program string, cue cue) *bluegreen {
	return &bluegreen{pair: pair{stage: stage{namespace: "bluegreen", cue: cue}, annotated: true}, program: program}
}

func (b *bluegreen) name() string { return "bluegreen" }
func (b *bluegreen) pid() int     { return b.replica.Command.Process.Pid }

func (b *bluegreen) start(ctx context.Context, p *plane.Plane, units int) (err error) {
	if b.shipped, err = p.Install(ctx, "../charts/bluegreen", p.Dir, "bluegreen", "bluegreen-system"); err != nil {
		return err
	}
	b.shipped.Program = b.program
	if err := b.run(ctx, p); err != nil {
		return err
	}
	p.AtEnd(func() { b.replica.End(context.Background(), syscall.SIGKILL) }) // It would take 5 seconds for its leave.
	if err := b.create(ctx, p, units); err != nil {
		return err
	}
	return b.awaitSettled(ctx)
}

func (b *bluegreen) run(ctx context.Context, p *plane.Plane) (err error) {
	if b.replica, err = b.shipped.Start(ctx); err != nil {
		return fmt.Errorf("%w\n%s", err, b.replica.Log)
	}
	return p.AwaitWebhook(ctx, metav1.NamespaceDefault)
}

func (b *bluegreen) arm(ctx context.Context, unit int) error {
	target, err := b.turn(ctx, unit)
	if err != nil {
		return err
	}
	asked := time.Now()
	if err := b.patchService(ctx, unit, `{"metadata":{"annotations":{"bluegreen/target-version":"`+target+`"}}}`); err != nil {
		return err
	}
	_, err = await(ctx, b.seen, keyOf("Service", nameOf(unit)), asked, func(s *corev1.Service) bool {
		return s.Annotations["bluegreen/message"] == "Deployment "+b.deployment(unit)+": waiting for MinimumReplicasAvailable"
	})
	return err
}

// bare is the limit: a loop that watches Deployments and patches Services, with nothing in between.
type bare struct {
	pair
	program string
	process *plane.Process
}

func newBare(program string, cue cue) *bare {
	return &bare{pair: pair{stage: stage{namespace: "bare", cue: cue}}, program: program}
}

func (b *bare) name() string { return "bare loop" }
func (b *bare) pid() int     { return b.process.PID() }

func (b *bare) start(ctx context.Context, p *plane.Plane, units int) (err error) {
	if err := b.create(ctx, p, units); err != nil {
		return err
	}
	b.process, err = p.Run("loop", b.program, "--namespace="+b.namespace)
	return err
}

func (b *bare) arm(ctx context.Context, unit int) error {
	target, err := b.turn(ctx, unit)
	if err != nil {
		return err
	}
	return b.patchService(ctx, unit, `{"spec":{"selector":{"version":"`+other(target)+`"}}}`)
}
