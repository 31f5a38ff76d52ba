package metrics

import (
	"cmp"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

var (
	servicesDesc = prometheus.NewDesc("bluegreen_services", "Managed Services, by namespace and phase.",
		[]string{"namespace", "phase"}, nil)
	oldestWaitDesc = prometheus.NewDesc("bluegreen_oldest_wait_timestamp_seconds",
		"When the oldest ask began that is still waited for, by namespace and phase.", []string{"namespace", "phase"}, nil)
	deletionsDesc = prometheus.NewDesc("bluegreen_deployments_held_from_deletion",
		"Deployments under deletion that bluegreen's finalizer keeps, by namespace.", []string{"namespace"}, nil)
)

// Census knows how many Services are in which phase, since when they wait, and which Deployments bluegreen keeps from their deletion. It
// is kept up to date by their events: a scrape that unpacked every Service of the cache would be slow. Every replica keeps one; the
// leader's alone is served, so that nothing is counted twice.
type Census struct {
	elected <-chan struct{}
	now     func() time.Time

	mu        sync.Mutex
	phases    map[types.NamespacedName]bluegreen.Phase // Of all managed Services.
	asked     map[types.NamespacedName]time.Time       // Since when asks are waited for.
	ready     map[types.NamespacedName]time.Time       // Since when their versions have been ready; not after a restart.
	deletions sets.Set[types.NamespacedName]
}

var _ prometheus.Collector = &Census{}

// group is what is counted together.
type group struct {
	namespace string
	phase     bluegreen.Phase
}

// NewCensus returns a Census. elected is closed once this process is the leader.
func NewCensus(elected <-chan struct{}) *Census {
	return &Census{
		elected:   elected,
		now:       time.Now,
		phases:    map[types.NamespacedName]bluegreen.Phase{},
		asked:     map[types.NamespacedName]time.Time{},
		ready:     map[types.NamespacedName]time.Time{},
		deletions: sets.New[types.NamespacedName](),
	}
}

// Service takes notice of a Service that was created, changed or deleted. Before is nil for one that was created, and after for one that
// was deleted.
func (c *Census) Service(before, after *corev1.Service) {
	c.mu.Lock()
	defer c.mu.Unlock()
	name := nameOf(cmp.Or(after, before))
	was, is := bluegreen.Read(before), bluegreen.Read(after)
	c.noteReady(name, was, is)
	delete(c.phases, name)
	delete(c.asked, name)
	if is.Managed {
		c.phases[name] = bluegreen.Phase(is.Annotations[bluegreen.PhaseKey])
	}
	if attempt, asks := is.Attempt(); asks && is.GivenUp() == "" {
		c.asked[name] = attempt.Since
	}
}

// noteReady remembers when a version was seen ready, and how long it waited from then on once it gets traffic.
func (c *Census) noteReady(name types.NamespacedName, was, is bluegreen.Service) {
	had, _ := was.Attempt()
	has, _ := is.Attempt()
	if has.Outcome == bluegreen.OutcomeReady {
		if had != has && was.Exists() {
			c.ready[name] = c.now()
		}
		return
	}
	since, known := c.ready[name]
	delete(c.ready, name)
	if last, found := is.LastSwitch(); known && found && last.String() != was.Annotations[bluegreen.LastSwitchKey] && c.leads() {
		readyToSwitched.Observe(c.now().Sub(since).Seconds())
	}
}

// Deployment takes notice of a Deployment likewise.
func (c *Census) Deployment(before, after *appsv1.Deployment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	name := nameOf(cmp.Or(after, before))
	if after != nil && after.DeletionTimestamp != nil && bluegreen.Protected(after) {
		c.deletions.Insert(name)
	} else {
		c.deletions.Delete(name)
	}
}

// Managed returns the name of some managed Service; false if there is none.
func (c *Census) Managed() (types.NamespacedName, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name := range c.phases {
		return name, true
	}
	return types.NamespacedName{}, false
}

// Describe implements prometheus.Collector.
func (c *Census) Describe(descs chan<- *prometheus.Desc) {
	descs <- servicesDesc
	descs <- oldestWaitDesc
	descs <- deletionsDesc
}

// Collect implements prometheus.Collector.
func (c *Census) Collect(metrics chan<- prometheus.Metric) {
	if !c.leads() {
		return
	}
	services, oldest, deletions := c.count()
	for group, count := range services {
		metrics <- gauge(servicesDesc, float64(count), group.namespace, string(group.phase))
	}
	for group, since := range oldest {
		metrics <- gauge(oldestWaitDesc, float64(since.Unix()), group.namespace, string(group.phase))
	}
	for namespace, count := range deletions {
		metrics <- gauge(deletionsDesc, float64(count), namespace)
	}
}

func (c *Census) count() (services map[group]int, oldest map[group]time.Time, deletions map[string]int) {
	services, oldest, deletions = map[group]int{}, map[group]time.Time{}, map[string]int{}
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, phase := range c.phases {
		if phase != "" { // Otherwise the controller is about to write it.
			services[group{name.Namespace, phase}]++
		}
	}
	for name, since := range c.asked {
		of := group{name.Namespace, c.phases[name]}
		if earliest, found := oldest[of]; !found || since.Before(earliest) {
			oldest[of] = since
		}
	}
	for name := range c.deletions {
		deletions[name.Namespace]++
	}
	return services, oldest, deletions
}

// leads reports whether this process is the leader.
func (c *Census) leads() bool {
	select {
	case <-c.elected:
		return true
	default:
		return false
	}
}

func gauge(desc *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
}

func nameOf(object bluegreen.Object) types.NamespacedName {
	return types.NamespacedName{Namespace: object.GetNamespace(), Name: object.GetName()}
}
