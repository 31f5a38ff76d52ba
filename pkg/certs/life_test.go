package certs

import (
	"crypto/tls"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"
)

// replica is one that looks at the Secret when its plan ends or the Secret changes, each time somewhat late.
type replica struct {
	due    time.Time
	served *tls.Certificate
}

// life is a simulated one of a Secret, its replicas and the bundle that API servers trust.
type life struct {
	t         *testing.T
	rotation  Rotation
	random    *rand.Rand
	now       time.Time
	data      map[string][]byte
	bundle    []tls.Certificate
	published []publication
	replicas  []*replica
	renewals  int
}

// publication is a bundle in the webhook configuration, and when the next one took its place.
type publication struct {
	bundle []tls.Certificate
	until  time.Time
}

// late is less than half an overlap: what a replica takes to act, plus what an API server takes to see it, stays below one.
func (l *life) late() time.Duration {
	return time.Duration(l.random.Int64N(int64(l.rotation.Overlap / 2)))
}

// changed makes every replica look at the Secret, soon.
func (l *life) changed() {
	for _, each := range l.replicas {
		if at := l.now.Add(l.late()); at.Before(each.due) {
			each.due = at
		}
	}
}

// look is Keeper.Reconcile, in memory.
func (l *life) look(looking *replica) {
	authorities := decode(l.data)
	plan := l.rotation.plan(authorities, l.now)
	if plan.renew || plan.oldest > 0 {
		kept := map[string][]byte{}
		for _, authority := range authorities[plan.oldest:] {
			kept[dataKey(madeAt(authority))] = l.data[dataKey(madeAt(authority))]
		}
		if plan.renew {
			maps.Copy(kept, secretWithCAs(l.t, l.now))
			l.renewals++
		}
		l.data = kept
		looking.due = l.now.Add(time.Second) // Its own write comes back through the watch.
		l.changed()
		return
	}
	served, err := newServing(authorities[plan.signer], []string{host}, l.now)
	if err != nil {
		l.t.Fatal(err)
	}
	looking.served = served
	looking.due = l.now.Add(plan.next + l.late())
	l.publish(authorities)
}

func (l *life) publish(authorities []tls.Certificate) {
	if describe(authorities) == describe(l.bundle) {
		return
	}
	if l.bundle != nil {
		l.published = append(l.published, publication{bundle: l.bundle, until: l.now})
	}
	l.bundle = authorities
}

// check asserts that every API server, which may see bundles late, trusts every replica.
func (l *life) check() {
	l.t.Helper()
	for _, each := range l.replicas {
		if each.served == nil {
			continue
		}
		if err := trusts(l.bundle, each.served, host, l.now); err != nil {
			l.t.Fatalf("%s: %v", l.now.Sub(start), err)
		}
		for _, past := range l.published {
			if l.now.Sub(past.until) >= l.rotation.Overlap/2 {
				continue
			}
			if err := trusts(past.bundle, each.served, host, l.now); err != nil {
				l.t.Fatalf("%s, for an API server that is %s behind: %v", l.now.Sub(start), l.now.Sub(past.until), err)
			}
		}
	}
}

// next is the replica that looks next.
func (l *life) next() *replica {
	first := l.replicas[0]
	for _, each := range l.replicas {
		if each.due.Before(first.due) {
			first = each
		}
	}
	return first
}

func describe(authorities []tls.Certificate) string {
	var times []string
	for _, authority := range authorities {
		times = append(times, authority.Leaf.SerialNumber.String())
	}
	return fmt.Sprint(times)
}

func TestOverAYearEveryAPIServerTrustsEveryReplicaAtEveryInstant(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint("life ", seed), func(t *testing.T) {
			t.Parallel()
			l := &life{
				t:        t,
				rotation: DefaultRotation,
				random:   rand.New(rand.NewPCG(seed, 1)),
				now:      start,
			}
			for range 3 {
				l.replicas = append(l.replicas, &replica{due: start.Add(l.late())})
			}
			for looking := l.next(); looking.due.Before(start.AddDate(1, 0, 0)); looking = l.next() {
				l.now = looking.due
				l.check() // Just before anything changes: the longest that API servers could be behind.
				l.look(looking)
				l.check()
				if l.random.IntN(10) == 0 { // A restart: it has forgotten everything.
					*l.replicas[l.random.IntN(3)] = replica{due: l.now.Add(l.late())}
				}
			}
			if l.renewals != 5 || len(l.published) < 8 {
				t.Errorf("%d CAs and %d bundles in a year", l.renewals, len(l.published))
			}
		})
	}
}
