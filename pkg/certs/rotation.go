package certs

import (
	"crypto/tls"
	"time"
)

// Rotation says when CAs come and go. A new CA is published at once but signs nothing until every API server has had the
// time to see it; the one before stays published until every replica has had the time to serve with the new one.
type Rotation struct {
	// Every is the age at which a CA gets a successor.
	Every time.Duration

	// Overlap is the age at which a CA begins to sign, and half the age at which it stands alone. A replica's delay and an API
	// server's, together, must stay below it.
	Overlap time.Duration
}

// DefaultRotation leaves hours where seconds are needed.
var DefaultRotation = Rotation{Every: 90 * 24 * time.Hour, Overlap: time.Hour}

// plan is what to do with a set of CAs at one moment.
type plan struct {
	// signer is the index of the CA that signs serving certificates; -1 if there is none.
	signer int
	// oldest is the index of the oldest CA to keep.
	oldest int
	// renew reports whether a new CA is due.
	renew bool
	// others reports whether CAs that somebody else published, such as cert-manager, stay: until all of ours are so old that every
	// replica has had the time to serve with them.
	others bool
	// next is how long the plan holds.
	next time.Duration
}

// plan decides about CAs sorted by age, oldest first.
func (r Rotation) plan(authorities []tls.Certificate, now time.Time) plan {
	if len(authorities) == 0 {
		return plan{signer: -1, renew: true}
	}
	newest := len(authorities) - 1
	p := plan{}
	var steps []time.Duration
	for i, authority := range authorities {
		age := now.Sub(madeAt(authority))
		if age >= r.Overlap {
			p.signer = i
		}
		if age >= 2*r.Overlap {
			p.oldest = i
		}
		steps = append(steps, r.Overlap-age, 2*r.Overlap-age)
	}
	p.others = now.Sub(madeAt(authorities[p.oldest])) < 2*r.Overlap
	left := r.Every - now.Sub(madeAt(authorities[newest]))
	p.renew = left <= 0
	p.next = left
	for _, step := range steps {
		if step > 0 && step < p.next {
			p.next = step
		}
	}
	return p
}
