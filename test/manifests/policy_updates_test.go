package manifests

// serviceUpdate is an update of a Service. Without a user it is somebody's; without a refusal it is admitted.
type serviceUpdate struct {
	before  changes
	write   changes
	user    string
	refusal string
}

// updates are those of Services by people, and by a ServiceAccount that is not bluegreen's.
var updates = map[string]serviceUpdate{
	"a switch by somebody": {
		before:  changes{managed},
		write:   changes{selects("version", "1.11")},
		refusal: selectorKept,
	},
	"a switch by another ServiceAccount": {
		before:  changes{managed},
		write:   changes{selects("version", "1.11")},
		user:    controller + "-2",
		refusal: selectorKept,
	},
	"a switch of a follower by somebody": {
		before:  changes{follows},
		write:   changes{selects("version", "1.11")},
		refusal: selectorKept,
	},
	"a switch of a preview by somebody, with the record of it": {
		before:  changes{previews},
		write:   changes{switched("1.10", "1.11")},
		refusal: selectorKept,
	},
	"another leader": {
		before: changes{follows},
		write:  changes{annotate("bluegreen/follows", "apache")},
	},
	"a target in place of a leader": {
		before: changes{follows, recorded("1.9", "1.10")},
		write:  changes{unannotate("bluegreen/follows"), asked11},
	},
	"a target in place of a leader, with the selector": {
		before:  changes{follows},
		write:   changes{unannotate("bluegreen/follows"), asked11, selects("version", "1.11")},
		refusal: selectorKept,
	},
	"a follower adopted": {
		write: changes{follows},
	},
	"a preview adopted with a selector": {
		write:   changes{previews, selects("version", "1.11")},
		refusal: selectorKept,
	},
	"a follower adopted with a record": {
		before:  changes{forgedBefore},
		write:   changes{follows},
		refusal: recordsKept,
	},
	"a follower given back": {
		before: changes{follows},
		write:  changes{unannotate("bluegreen/follows")},
	},
	"a follower given back with a selector": {
		before:  changes{follows},
		write:   changes{unannotate("bluegreen/follows"), selects("version", "1.11")},
		refusal: selectorKept,
	},
	"a follower turned into an ExternalName": {
		before:  changes{follows},
		write:   changes{externalToo},
		refusal: typeKept,
	},
	"an ask with the selector": {
		before:  changes{managed},
		write:   changes{annotate("bluegreen/target-version", "1.11"), selects("version", "1.11")},
		refusal: selectorKept,
	},
	"an ask": {
		before: changes{managed},
		write:  changes{annotate("bluegreen/target-version", "1.11")},
	},
	"another key of the selector": {
		before:  changes{managed},
		write:   changes{selects("name", "apache")},
		refusal: selectorKept,
	},
	"one more key in the selector": {
		before:  changes{managed},
		write:   changes{selects("tier", "web")},
		refusal: selectorKept,
	},
	"the version key left out": {
		before:  changes{managed},
		write:   changes{selectsNot("version")},
		refusal: selectorKept,
	},
	"the whole selector left out": {
		before:  changes{managed},
		write:   changes{selectorless},
		refusal: selectorKept,
	},
	"turned into an ExternalName": {
		before:  changes{managed},
		write:   changes{external},
		refusal: typeKept,
	},
	"an ExternalName with the selector": {
		before:  changes{managed},
		write:   changes{externalToo},
		refusal: typeKept,
	},
	"an ExternalName while it is given back": {
		before:  changes{managed},
		write:   changes{givenBack, externalToo},
		refusal: typeKept,
	},
	"an ExternalName while it is adopted": {
		write:   changes{managed, externalToo},
		refusal: typeKept,
	},
	"an ExternalName adopted": {
		before: changes{externalToo},
		write:  changes{managed},
	},
	"an ExternalName, an unmanaged Service": {
		write: changes{externalToo},
	},
	"an ExternalName as before": {
		before: changes{externalToo, managed},
		write:  changes{labelled},
	},
	"an ExternalName no longer": {
		before: changes{externalToo, managed},
		write:  changes{internal},
	},
	"another type": {
		before: changes{managed},
		write:  changes{loadBalancer},
	},
	"labels and ports": {
		before: changes{managed},
		write:  changes{labelled, onPort},
	},
	"other annotations": {
		before: changes{managed},
		write:  changes{annotate("example.com/a", "b")},
	},
	"another try": {
		before: changes{asked11},
		write:  changes{annotate("bluegreen/retry", "2")},
	},
	"a switch recorded by somebody": {
		before:  changes{managed},
		write:   changes{recorded("1.9", "1.10")},
		refusal: recordsKept,
	},
	"an attempt by somebody": {
		before:  changes{asked11},
		write:   changes{annotate("bluegreen/attempt", "2026-11-28T08:00:00Z/1/2")},
		refusal: recordsKept,
	},
	"a check by somebody": {
		before:  changes{asked11, checkedBy("smoke")},
		write:   changes{annotate("bluegreen/checks", "nginx-check-1/2/Succeeded")},
		refusal: recordsKept,
	},
	"the result of a check changed by somebody": {
		before:  changes{asked11, checkedBy("smoke"), annotate("bluegreen/checks", "nginx-check-1/2/Failed")},
		write:   changes{annotate("bluegreen/checks", "nginx-check-1/2/Succeeded")},
		refusal: recordsKept,
	},
	"a check as it is, with an ask": {
		before: changes{managed, annotate("bluegreen/checks", "nginx-check-1/2/Succeeded")},
		write:  changes{asked11},
	},
	"a record changed by somebody": {
		before:  changes{managed, recorded("1.9", "1.10")},
		write:   changes{recorded("1.8", "1.10")},
		refusal: recordsKept,
	},
	"adopted with a record that somebody wrote before": {
		before:  changes{forgedBefore},
		write:   changes{managed},
		refusal: recordsKept,
	},
	"adopted without it": {
		before: changes{forgedBefore},
		write:  changes{managed, unannotate("bluegreen/last-switch")},
	},
	"records as they are, with an ask": {
		before: changes{managed, recorded("1.9", "1.10")},
		write:  changes{asked11},
	},
	"records left out, as kubectl replace does": {
		before: changes{managed, recorded("1.9", "1.10")},
		write:  changes{unannotate("bluegreen/last-switch")},
	},
	"a failure left out": {
		before:  changes{asked11, failed},
		write:   changes{unannotate("bluegreen/attempt")},
		refusal: failureKept,
	},
	"a failure left out, with another option": {
		before:  changes{asked11, failed},
		write:   changes{unannotate("bluegreen/attempt"), annotate("bluegreen/deadline", "1h")},
		refusal: failureKept,
	},
	"a rollback left out": {
		before:  changes{asked11, annotate("bluegreen/attempt", "2026-11-28T08:00:00Z/1/2/RolledBack")},
		write:   changes{unannotate("bluegreen/attempt")},
		refusal: failureKept,
	},
	"tried again, without the rollback": {
		before: changes{asked11, annotate("bluegreen/attempt", "2026-11-28T08:00:00Z/1/2/RolledBack")},
		write:  changes{annotate("bluegreen/retry", "2"), unannotate("bluegreen/attempt")},
	},
	"a failure as it is": {
		before: changes{asked11, failed},
		write:  changes{labelled},
	},
	"another version asked for, without the failure": {
		before: changes{asked11, failed},
		write:  changes{managed, unannotate("bluegreen/attempt")},
	},
	"tried again, without the failure": {
		before: changes{asked11, failed},
		write:  changes{annotate("bluegreen/retry", "2"), unannotate("bluegreen/attempt")},
	},
	"given back after a failure": {
		before: changes{asked11, failed},
		write:  changes{givenBack, unannotate("bluegreen/attempt")},
	},
	"given back with its records": {
		before: changes{managed, recorded("1.9", "1.10")},
		write:  changes{givenBack},
	},
	"given back": {
		before: changes{managed},
		write:  changes{givenBack},
	},
	"given back with another selector": {
		before:  changes{managed},
		write:   changes{givenBack, selects("version", "1.11")},
		refusal: "remove the annotation in one write",
	},
	"adopted": {
		write: changes{managed},
	},
	"adopted without the key": {
		before: changes{selectsNot("version")},
		write:  changes{managed},
	},
	"adopted with another selector": {
		write:   changes{managed, selects("version", "1.11")},
		refusal: selectorKept,
	},
	"adopted without a selector": {
		before: changes{selectorless},
		write:  changes{managed},
	},
	"a selector for a Service without one": {
		before:  changes{selectorless, managed},
		write:   changes{selects("version", "1.11")},
		refusal: selectorKept,
	},
	"an unmanaged Service": {
		write: changes{selects("version", "1.11")},
	},
	"an unmanaged Service's selector removed": {
		write: changes{selectorless},
	},
	"the key that a label names": {
		before:  changes{managed, annotate("bluegreen/version-label", "v"), selects("v", "1")},
		write:   changes{selects("v", "2")},
		refusal: "target-version=2 --overwrite",
	},
	"a crowd of annotations": {
		before: changes{managed, crowded},
		write:  changes{labelled},
	},
	"a switch with a crowd of annotations": {
		before:  changes{managed, crowded},
		write:   changes{selects("version", "1.11")},
		refusal: selectorKept,
	},
}
