package certs

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"
)

var start = time.Date(2030, time.January, 1, 0, 0, 0, 0, time.UTC)

// ages are those of the CAs in a Secret, oldest first.
type ages []time.Duration

// authorities returns CAs that tell only when they were made.
func (a ages) authorities() []tls.Certificate {
	var authorities []tls.Certificate
	for _, age := range a {
		leaf := &x509.Certificate{NotBefore: start.Add(-age - backdated)}
		authorities = append(authorities, tls.Certificate{Leaf: leaf})
	}
	return authorities
}

func TestThePlanIntroducesACAFirstSignsWithItLaterAndRetiresItsPredecessorLast(t *testing.T) {
	rotation := Rotation{Every: 100 * time.Hour, Overlap: 10 * time.Hour}
	const h, moment = time.Hour, time.Nanosecond
	for name, test := range map[string]struct {
		cas  ages
		want plan
	}{
		"none: make one": {
			cas:  nil,
			want: plan{signer: -1, renew: true},
		},
		"the first signs at once": {
			cas:  ages{0},
			want: plan{others: true, next: 10 * h},
		},
		"the first, later": {
			cas:  ages{15 * h},
			want: plan{others: true, next: 5 * h},
		},
		"before it stands alone": {
			cas:  ages{20*h - moment},
			want: plan{others: true, next: moment},
		},
		"from then on": {
			cas:  ages{20 * h},
			want: plan{next: 80 * h},
		},
		"one alone, at rest": {
			cas:  ages{40 * h},
			want: plan{next: 60 * h},
		},
		"just before its time": {
			cas:  ages{100*h - moment},
			want: plan{next: moment},
		},
		"due": {
			cas:  ages{100 * h},
			want: plan{renew: true},
		},
		"long overdue": {
			cas:  ages{1000 * h},
			want: plan{renew: true, next: -900 * h},
		},
		"a successor is published but signs nothing": {
			cas:  ages{100 * h, 0},
			want: plan{next: 10 * h},
		},
		"until it is as old as the overlap": {
			cas:  ages{110*h - moment, 10*h - moment},
			want: plan{next: moment},
		},
		"then it signs": {
			cas:  ages{110 * h, 10 * h},
			want: plan{signer: 1, next: 10 * h},
		},
		"and its predecessor stays for another overlap": {
			cas:  ages{120*h - moment, 20*h - moment},
			want: plan{signer: 1, next: moment},
		},
		"then it stands alone": {
			cas:  ages{120 * h, 20 * h},
			want: plan{signer: 1, oldest: 1, next: 80 * h},
		},
		"three, after a long sleep": {
			cas:  ages{300 * h, 200 * h, 5 * h},
			want: plan{signer: 1, oldest: 1, next: 5 * h},
		},
		"all of them old": {
			cas:  ages{300 * h, 200 * h},
			want: plan{signer: 1, oldest: 1, renew: true, next: -100 * h},
		},
		"two made at once": {
			cas:  ages{0, 0},
			want: plan{others: true, next: 10 * h},
		},
		"made by a clock that is ahead": {
			cas:  ages{50 * h, -1 * h},
			want: plan{next: 11 * h},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := rotation.plan(test.cas.authorities(), start); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestAPlanHoldsUntilItsNextMoment(t *testing.T) {
	rotation := Rotation{Every: 50, Overlap: 7}
	for older := range time.Duration(60) {
		for newer := range older + 1 {
			authorities := ages{older, newer}.authorities()
			now := rotation.plan(authorities, start)
			for later := range max(now.next, 0) {
				then := rotation.plan(authorities, start.Add(later))
				then.next = now.next
				if then != now {
					t.Fatalf("ages %d and %d: %+v after %d, in spite of %+v", older, newer, then, later, now)
				}
			}
			if now.signer < now.oldest {
				t.Fatalf("ages %d and %d: the signer is not kept: %+v", older, newer, now)
			}
		}
	}
}

func TestNoPlanOfTheDefaultRotationAsksForABusyLoop(t *testing.T) {
	for age := time.Duration(0); age < DefaultRotation.Every; age += time.Minute {
		got := DefaultRotation.plan(ages{age}.authorities(), start)
		if got.renew || got.next <= 0 {
			t.Fatalf("at age %s: %+v", age, got)
		}
	}
}
