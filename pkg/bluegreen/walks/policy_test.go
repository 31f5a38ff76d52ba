package walks

import (
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// The policies of the chart, as far as they are about records, selectors and pod labels: charts/bluegreen/templates/policy.yaml and
// in-use-protection.yaml in Go.

var (
	asks    = []string{targetKey, followsKey, previewKey}
	askedBy = []string{targetKey, labelKey, retryKey, followsKey, previewKey}
)

// policy looks at one write of a Service, as all webhooks left it.
type policy struct {
	before, after  *corev1.Service
	was, now       map[string]string
	live, selector map[string]string
	label          string
	byController   bool
}

// refusedByPolicy returns why the policy refuses a write of a Service, empty if it does not. before is nil for a creation.
func refusedByPolicy(before, after *corev1.Service, by actor) string {
	p := policy{before: before, after: after, now: after.Annotations, selector: after.Spec.Selector, byController: by == ours}
	if before != nil {
		p.was, p.live = before.Annotations, before.Spec.Selector
	}
	p.label = versionLabel(p.now)
	if !managedBy(p.was) && !managedBy(p.now) {
		return ""
	}
	if before == nil {
		if _, set := p.selector[p.label]; !set {
			return "the selector lacks the version"
		}
		return ""
	}
	return p.update()
}

func (p policy) update() string {
	stays := maps.Equal(p.selector, p.live)
	moves := p.byController && (p.switches() || p.returns())
	forged := func(key string) bool {
		is, set := p.now[key]
		was, had := p.was[key]
		kept := had && is == was && managedBy(p.was)
		return set && !kept && !(p.byController && (key != switchKey || p.strands() || !stays && moves))
	}
	reopens := !p.byController && ended(p.was[attemptKey]) != "" && p.now[attemptKey] != p.was[attemptKey] && p.same(targetKey, labelKey,
		retryKey)
	switch {
	case !stays && !moves:
		return "the selector stays"
	case slices.ContainsFunc([]string{attemptKey, switchKey, checksKey}, forged):
		return "records are bluegreen's"
	case reopens:
		return "what failed stays so"
	default:
		return ""
	}
}

// same reports whether a write leaves some annotations as they are.
func (p policy) same(keys ...string) bool {
	return !slices.ContainsFunc(keys, func(key string) bool {
		is, set := p.now[key]
		was, had := p.was[key]
		return set != had || is != was
	})
}

// moves reports whether the version's key alone becomes another one.
func (p policy) moves() bool {
	moved := maps.Clone(p.live)
	if moved == nil {
		moved = map[string]string{}
	}
	to, set := p.selector[p.label]
	moved[p.label] = to
	return set && p.same(askedBy...) && maps.Equal(moved, p.selector)
}

func (p policy) switches() bool {
	from, to := p.live[p.label], p.selector[p.label]
	target, asked := p.now[targetKey]
	_, wasAsked := p.was[targetKey]
	recorded := p.now[switchKey] != p.was[switchKey]
	due := asked && target == to || !asked && !wasAsked && to != "" && recorded
	return p.moves() && due && (!recorded || strings.HasPrefix(p.now[switchKey], from+"/"+to+"/"))
}

func (p policy) returns() bool {
	from, to := p.live[p.label], p.selector[p.label]
	_, watched := p.was[rollbackKey]
	record := "/" + string(p.before.UID) + "/" + p.label
	return p.moves() && watched && strings.HasPrefix(p.was[switchKey], to+"/"+from+"/") && strings.Contains(p.was[switchKey], record+"/") &&
		!strings.HasSuffix(p.was[switchKey], "/Failed") && strings.HasPrefix(p.now[switchKey], from+"/"+to+"/") &&
		strings.HasSuffix(p.now[switchKey], record) && (p.now[targetKey] != from || strings.HasSuffix(p.now[attemptKey], "/RolledBack"))
}

func (p policy) strands() bool {
	without, judged := strings.CutSuffix(p.now[switchKey], "Failed")
	return maps.Equal(p.selector, p.live) && judged && strings.HasSuffix(without, "/") && strings.HasPrefix(p.was[switchKey], without)
}

// labelsRefusedByPolicy reports whether the policy refuses a write of a Deployment: it would take the labels off pods that serve.
func labelsRefusedByPolicy(before, after *appsv1.Deployment) bool {
	note, noted := before.Annotations[servesKey]
	if !noted || !protected(before) {
		return false
	}
	rolling := !before.Spec.Paused && maps.Equal(before.Spec.Template.Labels, after.Spec.Template.Labels)
	return !has(after.Spec.Template.Labels, pairs(note)) && !rolling && !after.Spec.Paused
}
