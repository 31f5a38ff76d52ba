package manifests

// controllerUpdates are what arrives of the controller's own writes; k is another version label than the default.
var controllerUpdates = map[string]serviceUpdate{
	"a switch": {
		before: changes{asked11},
		write:  changes{switched("1.10", "1.11")},
	},
	"a switch with a crowd of annotations": {
		before: changes{asked11, crowded},
		write:  changes{switched("1.10", "1.11")},
	},
	"a switch in a crowd of keys": {
		before: changes{asked11, selectsCrowd},
		write:  changes{switched("1.10", "1.11")},
	},
	"a switch of a selector without the key": {
		before: changes{asked11, selectsNot("version")},
		write:  changes{switched("", "1.11")},
	},
	"a switch of a follower": {
		before: changes{follows},
		write:  changes{switched("1.10", "1.11")},
	},
	"a switch of a preview, and back": {
		before: changes{previews, recorded("1.11", "1.10")},
		write:  changes{switched("1.10", "1.11")},
	},
	"a switch of a follower that selected nothing": {
		before: changes{follows, selects("version", "")},
		write:  changes{switched("", "1.11")},
	},
	"a switch of a follower by the key that a label names": {
		before: changes{follows, byK, selects("k", "1.10")},
		write:  changes{selects("k", "1.11"), recorded("1.10", "1.11")},
	},
	"a switch of a follower in a crowd": {
		before: changes{follows, crowded},
		write:  changes{switched("1.10", "1.11")},
	},
	"a switch of a follower that records nothing": {
		before:  changes{follows},
		write:   changes{selects("version", "1.11")},
		refusal: tampered,
	},
	"a switch of a follower that leaves the record of before": {
		before:  changes{follows, recorded("1.10", "1.11")},
		write:   changes{selects("version", "1.11")},
		refusal: tampered,
	},
	"a switch of a follower that records one to another version": {
		before:  changes{follows},
		write:   changes{selects("version", "1.11"), recorded("1.10", "1.12")},
		refusal: tampered,
	},
	"a switch of a follower that records one from another version": {
		before:  changes{follows},
		write:   changes{selects("version", "1.11"), recorded("1.9", "1.11")},
		refusal: tampered,
	},
	"a switch of a follower with another key": {
		before:  changes{follows},
		write:   changes{switched("1.10", "1.11"), selects("name", "apache")},
		refusal: tampered,
	},
	"a switch of a follower to no version": {
		before:  changes{follows},
		write:   changes{switched("1.10", "")},
		refusal: tampered,
	},
	"a switch of a follower with another leader": {
		before:  changes{follows},
		write:   changes{switched("1.10", "1.11"), annotate("bluegreen/follows", "apache")},
		refusal: tampered,
	},
	"a switch of what is made a follower": {
		before:  changes{managed},
		write:   changes{givenBack, follows, switched("1.10", "1.11")},
		refusal: tampered,
	},
	"a switch of what is asked and follows": {
		before:  changes{managed, follows},
		write:   changes{switched("1.10", "1.11")},
		refusal: tampered,
	},
	"a record of a follower without a switch": {
		before:  changes{follows},
		write:   changes{recorded("1.9", "1.10")},
		refusal: "bluegreen alone writes them. This is a write of bluegreen",
	},
	"a switch that records nothing, as before there were records": {
		before: changes{asked11},
		write:  changes{selects("version", "1.11")},
	},
	"a switch that leaves the record of another": {
		before: changes{asked11, recorded("1.9", "1.10")},
		write:  changes{selects("version", "1.11")},
	},
	"a switch that records another": {
		before:  changes{asked11},
		write:   changes{selects("version", "1.11"), recorded("1.9", "1.11")},
		refusal: tampered,
	},
	"a switch that records one to another version": {
		before:  changes{asked11},
		write:   changes{selects("version", "1.11"), recorded("1.10", "1.12")},
		refusal: tampered,
	},
	"back to what the last switch left": {
		before:  changes{asked11, switched("1.10", "1.11")},
		write:   changes{switched("1.11", "1.10")},
		refusal: tampered,
	},
	"a record without a switch": {
		before:  changes{managed},
		write:   changes{recorded("1.9", "1.10")},
		refusal: "bluegreen alone writes them. This is a write of bluegreen",
	},
	"a record of a switch that there was, changed": {
		before:  changes{managed, recorded("1.9", "1.10")},
		write:   changes{recorded("1.8", "1.10")},
		refusal: "bluegreen alone writes them. This is a write of bluegreen",
	},
	"a check": {
		before: changes{asked11, checkedBy("smoke")},
		write:  changes{annotate("bluegreen/checks", "nginx-check-1/2")},
	},
	"a record that goes, and an attempt": {
		before: changes{asked11, recorded("1.9", "1.8")},
		write:  changes{unannotate("bluegreen/last-switch"), annotate("bluegreen/attempt", "2026-11-28T08:00:00Z/1/2")},
	},
	"a failure": {
		before: changes{asked11, annotate("bluegreen/attempt", "2026-11-28T08:00:00Z/1/2")},
		write:  changes{failed, annotate("bluegreen/phase", "Failed")},
	},
	"a failure that was of another ask": {
		before: changes{asked11, failed},
		write:  changes{annotate("bluegreen/attempt", "2026-11-28T08:00:00Z/1/3")},
	},
	"a switch that tries again": {
		before:  changes{asked11},
		write:   changes{switched("1.10", "1.11"), annotate("bluegreen/retry", "2")},
		refusal: tampered,
	},
	"a switch that asks itself": {
		before:  changes{managed},
		write:   changes{asked11, switched("1.10", "1.11")},
		refusal: tampered,
	},
	"a switch by the key that a label names": {
		before: changes{asked11, byK, selects("k", "1.10")},
		write:  changes{selects("k", "1.11"), recorded("1.10", "1.11")},
	},
	"the first by the key that a label names": {
		before: changes{asked11, byK},
		write:  changes{selects("k", "1.11"), recorded("", "1.11")},
	},
	"a status": {
		before: changes{asked11},
		write:  changes{annotate("bluegreen/phase", "Waiting")},
	},
	"a status of a selector without the key": {
		before: changes{asked11, selectsNot("version")},
		write:  changes{annotate("bluegreen/phase", "Waiting")},
	},
	"to a version that is not the target": {
		before:  changes{asked11},
		write:   changes{switched("1.10", "1.12")},
		refusal: tampered,
	},
	"away from the target": {
		before:  changes{managed},
		write:   changes{switched("1.10", "1.11")},
		refusal: tampered,
	},
	"to no version": {
		before:  changes{asked11},
		write:   changes{selectsNot("version")},
		refusal: tampered,
	},
	"to no selector": {
		before:  changes{asked11},
		write:   changes{selectorless},
		refusal: tampered,
	},
	"by another key than the label names": {
		before:  changes{asked11, byK, selects("k", "1.10")},
		write:   changes{switched("1.10", "1.11")},
		refusal: tampered,
	},
	"a switch with one more key": {
		before:  changes{asked11},
		write:   changes{switched("1.10", "1.11"), selects("tier", "web")},
		refusal: tampered,
	},
	"a switch with one key fewer": {
		before:  changes{asked11},
		write:   changes{switched("1.10", "1.11"), selectsNot("name")},
		refusal: tampered,
	},
	"a switch with another value": {
		before:  changes{asked11},
		write:   changes{switched("1.10", "1.11"), selects("name", "apache")},
		refusal: tampered,
	},
	"a switch with another key in place": {
		before:  changes{asked11},
		write:   changes{switched("1.10", "1.11"), selectsNot("name"), selects("tier", "web")},
		refusal: tampered,
	},
	"a key added with one key fewer": {
		before:  changes{asked11, selectsNot("version")},
		write:   changes{switched("1.10", "1.11"), selectsNot("name")},
		refusal: tampered,
	},
	"a key added with one more": {
		before:  changes{asked11, selectsNot("version")},
		write:   changes{switched("1.10", "1.11"), selects("tier", "web")},
		refusal: tampered,
	},
	"another key alone": {
		before:  changes{asked11},
		write:   changes{selects("name", "apache")},
		refusal: tampered,
	},
	"another key of a selector without it": {
		before:  changes{asked11, selectsNot("version")},
		write:   changes{selects("name", "apache")},
		refusal: tampered,
	},
	"a switch with the ask removed": {
		before:  changes{asked11},
		write:   changes{switched("1.10", "1.11"), givenBack},
		refusal: tampered,
	},
	"the key removed with the ask": {
		before:  changes{asked11},
		write:   changes{selectsNot("version"), givenBack},
		refusal: tampered,
	},
	"a switch into an ExternalName": {
		before:  changes{asked11},
		write:   changes{switched("1.10", "1.11"), externalToo},
		refusal: "none of its pods. This is a write of bluegreen",
	},
	"a switch of an unmanaged Service": {
		write: changes{selects("version", "1.11")},
	},
}
