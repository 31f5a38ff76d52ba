package certs

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"
)

var start = time.Date(2030, time.January, 1, 0, 0, 0, 0, time.UTC)

// madeBefore returns CAs that only say when they were made, oldest first.
func madeBefore(ages ...time.Duration) []tls.Certificate {
	var authorities []tls.Certificate
	for _, age := range ages {
		authorities = append(authorities, tls.Certificate{Leaf: &x509.Certificate{NotBefore: start.Add(-age - backdated)}})
	}
	return authorities
}

func TestThePlanIntroducesACAFirstSignsWithItLaterAndRetiresItsPredecessorLast(t *testing.T) {
	rotation := Rotation{Every: 100 * time.Hour, Overlap: 10 * time.Hour}
	const h = time.Hour
	for name, test := range map[string]struct {
		ages []time.Duration
		want plan
	}{
		"none: make one":          {nil, plan{signer: -1, renew: true}},
		"the first signs at once": {[]time.Duration{0}, plan{next: 10 * h}},
		"the first, later":        {[]time.Duration{15 * h}, plan{next: 5 * h}},
		"one alone, at rest":      {[]time.Duration{40 * h}, plan{next: 60 * h}},
		"just before its time":    {[]time.Duration{100*h - 1}, plan{next: 1}},
		"due":                     {[]time.Duration{100 * h}, plan{renew: true}},
		"long overdue":            {[]time.Duration{1000 * h}, plan{renew: true, next: -900 * h}},
		"a successor is published but signs nothing":    {[]time.Duration{100 * h, 0}, plan{next: 10 * h}},
		"until it is as old as the overlap":             {[]time.Duration{110*h - 1, 10*h - 1}, plan{next: 1}},
		"then it signs":                                 {[]time.Duration{110 * h, 10 * h}, plan{signer: 1, next: 10 * h}},
		"and its predecessor stays for another overlap": {[]time.Duration{120*h - 1, 20*h - 1}, plan{signer: 1, next: 1}},
		"then it stands alone":                          {[]time.Duration{120 * h, 20 * h}, plan{signer: 1, oldest: 1, next: 80 * h}},
		"three, after a long sleep":                     {[]time.Duration{300 * h, 200 * h, 5 * h}, plan{signer: 1, oldest: 1, next: 5 * h}},
		"all of them old":                               {[]time.Duration{300 * h, 200 * h}, plan{signer: 1, oldest: 1, renew: true, next: -100 * h}},
		"two made at once":                              {[]time.Duration{0, 0}, plan{next: 10 * h}},
		"made by a clock that is ahead":                 {[]time.Duration{50 * h, -1 * h}, plan{next: 11 * h}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := rotation.plan(madeBefore(test.ages...), start); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestAPlanHoldsUntilItsNextMoment(t *testing.T) {
	rotation := Rotation{Every: 50, Overlap: 7}
	for a := range time.Duration(60) {
		for b := range a + 1 {
			now := rotation.plan(madeBefore(a, b), start)
			for later := range max(now.next, 0) {
				then := rotation.plan(madeBefore(a, b), start.Add(later))
				then.next = now.next
				if then != now {
					t.Fatalf("ages %d and %d: %+v after %d, in spite of %+v", a, b, then, later, now)
				}
			}
			if now.signer < now.oldest {
				t.Fatalf("ages %d and %d: the signer is not kept: %+v", a, b, now)
			}
		}
	}
}

func TestNoPlanOfTheDefaultRotationAsksForABusyLoop(t *testing.T) {
	for age := time.Duration(0); age < DefaultRotation.Every; age += time.Minute {
		got := DefaultRotation.plan(madeBefore(age), start)
		if got.renew || got.next <= 0 {
			t.Fatalf("at age %s: %+v", age, got)
		}
	}
}
