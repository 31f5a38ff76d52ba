package manifests

import (
	"cmp"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// watching ends the record of a switch that is watched.
const watching = "/8a2db7be-3"

// returns are what arrives after bluegreen has moved traffic from version 1.10 to version 1.11. Without a user it is bluegreen's.
var returns = map[string]struct {
	before  changes // besides the ask, and that returns are wanted
	record  string  // how the record of the switch ends; watched if empty
	since   changes // by somebody, before the write
	write   changes
	user    string
	refusal string
}{
	"back": {
		write: changes{returned, rolledBack},
	},
	"back, while a newer ask waits": {
		since: changes{asks("1.12")},
		write: changes{returned},
	},
	"back, as somebody asks meanwhile": {
		since: changes{asks("1.10")},
		write: changes{returned},
	},
	"back, by a label with a prefix": {
		before: changes{annotate("bluegreen/version-label", "example.org/track"), selects("example.org/track", "1.10")},
		record: "/example.org/track" + watching,
		write:  changes{selects("example.org/track", "1.10"), records("1.11", "1.10", "/example.org/track"), rolledBack},
	},
	"back in a crowd of keys": {
		before: changes{selectsCrowd},
		write:  changes{returned, rolledBack},
	},
	"by somebody": {
		write:   changes{returned, rolledBack},
		user:    somebody,
		refusal: selectorKept,
	},
	"back, and the ask stands": {
		write:   changes{returned},
		refusal: tampered,
	},
	"back, and the ask has only failed": {
		write:   changes{returned, failed},
		refusal: tampered,
	},
	"to another version than the one that was left": {
		write:   changes{selects("version", "1.9"), records("1.11", "1.9", "/version"), rolledBack},
		refusal: tampered,
	},
	"back, recorded as another switch": {
		write:   changes{selects("version", "1.10"), records("1.9", "1.10", "/version"), rolledBack},
		refusal: tampered,
	},
	"back, recorded as watched": {
		write:   changes{selects("version", "1.10"), records("1.11", "1.10", "/version"+watching), rolledBack},
		refusal: tampered,
	},
	"back, and not recorded": {
		write:   changes{selects("version", "1.10"), rolledBack},
		refusal: tampered,
	},
	"back, and nobody wants it any more": {
		since:   changes{unannotate("bluegreen/auto-rollback")},
		write:   changes{returned, rolledBack},
		refusal: tampered,
	},
	"back after a switch that was not watched": {
		record:  "/version",
		write:   changes{returned, rolledBack},
		refusal: tampered,
	},
	"back after a switch of which nothing is recorded any more": {
		since:   changes{unannotate("bluegreen/last-switch")},
		write:   changes{returned, rolledBack},
		refusal: tampered,
	},
	"back after it was judged": {
		record:  "/version/Failed",
		write:   changes{returned, rolledBack},
		refusal: tampered,
	},
	"back with another key": {
		write:   changes{returned, rolledBack, selects("tier", "web")},
		refusal: tampered,
	},
	"back with one key fewer": {
		write:   changes{returned, rolledBack, selectsNot("name")},
		refusal: tampered,
	},
	"back with an ask": {
		write:   changes{returned, rolledBack, annotate("bluegreen/retry", "2")},
		refusal: tampered,
	},
	"there is nothing to return to": {
		write: changes{records("1.10", "1.11", "/version/Failed")},
	},
	"there is nothing to return to, by somebody": {
		write:   changes{records("1.10", "1.11", "/version/Failed")},
		user:    somebody,
		refusal: recordsKept,
	},
	"nothing to return to, from another switch": {
		write:   changes{records("1.9", "1.11", "/version/Failed")},
		refusal: "bluegreen alone writes them. This is a write of bluegreen",
	},
	"nothing to return to after a switch that was not watched": {
		record:  "/version",
		write:   changes{records("1.10", "1.11", "/version/Failed")},
		refusal: "bluegreen alone writes them. This is a write of bluegreen",
	},
	"watched again after it was judged": {
		record:  "/version/Failed",
		write:   changes{records("1.10", "1.11", "/version"+watching)},
		refusal: "bluegreen alone writes them. This is a write of bluegreen",
	},
}

// TestPolicyOfReturns: traffic goes back only from a switch of this Service that is watched, to the version that it left, once.
func TestPolicyOfReturns(t *testing.T) {
	admin := as(t, somebody)
	installPolicy(t, admin, template(t), "bluegreen")
	ns := newNamespace(t, admin, "returns")
	awaitPolicy(t, admin, ns)
	next := names()
	for name, test := range returns {
		t.Run(name, func(t *testing.T) {
			svc := service(ns, next(), test.before...)
			createAdopted(t, admin, svc)
			update := func(user string, change ...change) error {
				changes(change).to(svc)
				return as(t, user).Update(t.Context(), svc)
			}
			label := cmp.Or(svc.Annotations["bluegreen/version-label"], "version")
			for _, err := range []error{
				update(somebody, asked11, annotate("bluegreen/auto-rollback", "10m")),
				update(controller, selects(label, "1.11"), records("1.10", "1.11", cmp.Or(test.record, "/version"+watching))),
				update(somebody, test.since...),
			} {
				if err != nil {
					t.Fatal(err)
				}
			}
			checkRefusal(t, update(cmp.Or(test.user, controller), test.write...), test.refusal)
		})
	}
	t.Run("by the record of another Service", func(t *testing.T) {
		svc := service(ns, next(), asked11, selects("version", "1.11"), annotate("bluegreen/auto-rollback", "10m"),
			annotate("bluegreen/last-switch", "1.10/1.11/2026-11-28T08:00:00Z/1/version"+watching))
		create(t, admin, svc)
		changes{returned, rolledBack}.to(svc)
		checkRefusal(t, as(t, controller).Update(t.Context(), svc), tampered)
	})
}

func asks(version string) change { return annotate("bluegreen/target-version", version) }

// returned has gone back to version 1.10, and records that.
func returned(svc *corev1.Service) {
	selects("version", "1.10")(svc)
	records("1.11", "1.10", "/version")(svc)
}

// records has the record of a switch of this very Service.
func records(from, to, end string) change {
	return func(svc *corev1.Service) {
		annotate("bluegreen/last-switch", fmt.Sprintf("%s/%s/2026-11-28T08:00:00Z/%s%s", from, to, svc.UID, end))(svc)
	}
}

// rolledBack has the record of an ask that was rolled back.
func rolledBack(svc *corev1.Service) {
	annotate("bluegreen/attempt", "2026-11-28T08:00:00Z/1/2/RolledBack")(svc)
}
