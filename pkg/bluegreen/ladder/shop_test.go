package ladder

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

// shop is an API server of several Services that go together, with the webhook and the controller of this package.
type shop struct {
	t           *testing.T
	services    map[string]*corev1.Service
	deployments map[string]*appsv1.Deployment
	now         time.Time

	// refused is the name of a Service of which the API server refuses what moves its traffic; early is how many more writes of
	// Services the controller makes before it crashes, and -1 if it does not.
	refused string
	early   int

	// wrote is what the controller wrote since the last step: of each Service its name, phase, version and message.
	wrote []string
}

// turn is something that happens in a shop, and what the controller writes then.
type turn struct {
	happens func(*shop)
	writes  []string
}

var errCrash = errors.New("the controller crashed")

// walkShop compares what the controller writes, turn by turn.
func walkShop(t *testing.T, turns ...turn) *shop {
	t.Helper()
	s := &shop{t: t, services: map[string]*corev1.Service{}, deployments: map[string]*appsv1.Deployment{}, now: now, early: -1}
	for i, turn := range turns {
		s.wrote = nil
		turn.happens(s)
		s.settle()
		if !slices.Equal(s.wrote, turn.writes) {
			t.Errorf("turn %d: wrote\n%s\nwant\n%s", i+1, strings.Join(s.wrote, "\n"), strings.Join(turn.writes, "\n"))
		}
		s.now = s.now.Add(time.Minute)
	}
	return s
}

// all makes several things happen in one turn.
func all(happens ...func(*shop)) func(*shop) {
	return func(s *shop) {
		for _, each := range happens {
			each(s)
		}
	}
}

// applied stores Services, through the webhook.
func applied(manifests ...*corev1.Service) func(*shop) {
	return func(s *shop) {
		for _, manifest := range manifests {
			stored := admitted(s.t, serviceWrite{new: manifest})
			stored.ResourceVersion = "1"
			s.services[manifest.Name] = stored
		}
	}
}

// rewrites edits a stored Service, through the webhook.
func rewrites(name string, edits ...ServiceOption) func(*shop) {
	return func(s *shop) {
		written := s.services[name].DeepCopy()
		for _, edit := range edits {
			edit(written)
		}
		s.store(serviceWrite{old: s.services[name], new: written})
	}
}

// deleted takes a Service out of the shop.
func deleted(name string) func(*shop) { return func(s *shop) { delete(s.services, name) } }

// started puts Deployments into the shop, or their newer state. What bluegreen wrote on them stays.
func started(deployments ...*appsv1.Deployment) func(*shop) {
	return func(s *shop) {
		for _, deployment := range deployments {
			if before, exists := s.deployments[deployment.Name]; exists {
				deployment.Finalizers, deployment.Annotations = before.Finalizers, before.Annotations
			}
			s.deployments[deployment.Name] = deployment
		}
	}
}

// refuses makes the API server refuse what moves the traffic of a Service; none if the name is empty.
func refuses(name string) func(*shop) { return func(s *shop) { s.refused = name } }

// crashesAfter makes the controller crash after so many writes of Services. What starts then looks at the followers first.
func crashesAfter(writes int) func(*shop) { return func(s *shop) { s.early = writes } }

func (s *shop) store(write serviceWrite) {
	s.t.Helper()
	stored := admitted(s.t, write)
	stored.ResourceVersion = write.old.ResourceVersion + "1"
	if !write.byController && !maps.Equal(stored.Spec.Selector, write.old.Spec.Selector) {
		s.t.Errorf("somebody moved traffic of %s to %v", stored.Name, stored.Spec.Selector)
	}
	s.services[stored.Name] = stored
}

// settle runs the controller until it has nothing to write, on one Service after the other.
func (s *shop) settle() {
	s.t.Helper()
	for range 20 {
		before := len(s.wrote)
		protected := 0
		for _, name := range slices.Sorted(maps.Keys(s.services)) {
			count, err := s.reconcile(name)
			protected += count
			if err != nil {
				s.early = -1
				break
			}
		}
		if len(s.wrote) == before && protected == 0 && s.early < 0 {
			return
		}
		if len(s.wrote) == before && protected == 0 {
			s.early = -1 // It had no more to write.
		}
	}
	s.t.Fatalf("it never settles: %q", s.wrote)
}

// reconcile does with one Service what the controller does, and returns how many Deployments it has protected.
func (s *shop) reconcile(name string) (protected int, err error) {
	s.t.Helper()
	state := s.observe(name)
	decision := Decide(state)
	for _, write := range decision.Writes {
		change, is := write.Change.(bluegreen.WriteService)
		if is && change.Observed.Name == s.refused && name != s.refused && change.MovesTraffic() {
			decision = Decide(state.Refuse(s.refused, "policy says no"))
			break
		}
	}
	for _, write := range decision.Writes {
		switch change := write.Change.(type) {
		case bluegreen.Protect:
			s.protect(change)
			protected++
		case bluegreen.WriteService:
			if s.early == 0 {
				return protected, errCrash
			}
			s.early = max(-1, s.early-1)
			s.write(change)
			s.judgeLed(write.Tell, change.Desired)
		}
	}
	return protected, nil
}

func (s *shop) observe(name string) State {
	var services []bluegreen.Service
	for _, each := range s.services {
		services = append(services, bluegreen.Read(each.DeepCopy()))
	}
	service := bluegreen.Read(s.services[name].DeepCopy())
	leader := bluegreen.Read(s.services[service.Leader])
	followers := slices.DeleteFunc(services, func(each bluegreen.Service) bool { return each.Leader != name || each.Preview })
	deployments := slices.Collect(maps.Values(s.deployments))
	return Observe(service.DueBy(leader), deployments, true, s.now).LedBy(leader).With(followers, deployments)
}

func (s *shop) protect(change bluegreen.Protect) {
	s.t.Helper()
	stored := s.deployments[change.Deployment.Name]
	if stored != change.Deployment {
		s.t.Fatalf("Deployment %s is protected twice in one go: the second write would meet the first", stored.Name)
	}
	protected := stored.DeepCopy()
	protected.Finalizers = []string{bluegreen.InUseProtection}
	protected.Annotations = nil
	if change.Serves != "" {
		protected.Annotations = map[string]string{bluegreen.Serves: change.Serves}
	}
	s.deployments[stored.Name] = protected
}

func (s *shop) write(change bluegreen.WriteService) {
	s.t.Helper()
	old := s.services[change.Observed.Name]
	if old.ResourceVersion != change.Observed.ResourceVersion {
		s.t.Fatalf("%s has changed since it was observed", old.Name)
	}
	if change.MovesTraffic() {
		s.judge(change)
	}
	s.store(serviceWrite{old: old, new: change.Desired, byController: true})
	stored := s.services[old.Name]
	s.wrote = append(s.wrote, strings.TrimSpace(strings.Join([]string{stored.Name, stored.Annotations[bluegreen.PhaseKey],
		liveIn(stored), stored.Annotations[bluegreen.MessageKey]}, " ")))
}

// liveIn is the version that a Service selects.
func liveIn(service *corev1.Service) string {
	return service.Spec.Selector[bluegreen.Read(service).VersionLabel]
}

// judge asserts that what is led goes where its leader is, or is asked to be, and that a leader takes its followers along.
func (s *shop) judge(change bluegreen.WriteService) {
	s.t.Helper()
	service, to := change.Desired, liveIn(change.Desired)
	deployments := slices.Collect(maps.Values(s.deployments))
	leader := s.services[service.Annotations[bluegreen.Follows]+service.Annotations[bluegreen.PreviewOf]]
	if leader == nil {
		for _, follower := range s.services {
			if follower.Annotations[bluegreen.Follows] != service.Name || liveIn(follower) == to {
				continue
			}
			if problem := unready(onVersion(follower, to), deployments); problem != "" {
				s.t.Errorf("%s moves to %s although its follower %s: %s", service.Name, to, follower.Name, problem)
			}
		}
		return
	}
	due := liveIn(leader)
	if _, preview := service.Annotations[bluegreen.PreviewOf]; preview {
		due = leader.Annotations[bluegreen.TargetVersion]
	}
	if to != due {
		s.t.Errorf("%s moves to %s, and its leader is due to be on %s", service.Name, to, due)
	}
}

// judgeLed asserts that what is led is not taken for asked: it has no attempt, and nobody is told of one.
func (s *shop) judgeLed(told *bluegreen.Event, service *corev1.Service) {
	s.t.Helper()
	_, attempt := service.Annotations[bluegreen.AttemptKey]
	led := bluegreen.LeaderOf(service) != ""
	if led && (attempt || told != nil && strings.HasPrefix(told.Message, "Asked to move")) {
		s.t.Errorf("%s is led, and was asked: %v, %v", service.Name, service.Annotations, told)
	}
}

func onVersion(service *corev1.Service, version string) map[string]string {
	selector := maps.Clone(service.Spec.Selector)
	selector[bluegreen.Read(service).VersionLabel] = version
	return selector
}
