package manifests

// updatesByAnybody are those of Services, and whether the webhook is asked about them.
var updatesByAnybody = map[string]struct {
	before   changes
	write    changes
	byStatus bool
	asked    bool
}{
	"the target": {
		before: changes{managed},
		write:  changes{annotate("bluegreen/target-version", "1.11")},
		asked:  true,
	},
	"the selector": {
		before: changes{managed},
		write:  changes{selects("version", "1.11")},
		asked:  true,
	},
	"the selector left out": {
		before: changes{managed},
		write:  changes{selectorless},
		asked:  true,
	},
	"the type": {
		before: changes{managed},
		write:  changes{loadBalancer},
		asked:  true,
	},
	"an ExternalName's type": {
		before: changes{managed},
		write:  changes{externalToo},
		asked:  true,
	},
	"an option added": {
		before: changes{managed},
		write:  changes{annotate("bluegreen/ready", "complete")},
		asked:  true,
	},
	"an empty option added": {
		before: changes{managed},
		write:  changes{annotate("bluegreen/ready", "")},
		asked:  true,
	},
	"an option removed": {
		before: changes{managed, annotate("bluegreen/ready", "complete")},
		write:  changes{unannotate("bluegreen/ready")},
		asked:  true,
	},
	"our own annotation": {
		before: changes{managed},
		write:  changes{annotate("bluegreen/phase", "Stable")},
		asked:  true,
	},
	"our own annotation by status": {
		before:   changes{managed},
		write:    changes{annotate("bluegreen/phase", "Stable")},
		byStatus: true,
		asked:    true,
	},
	"the target by status": {
		before:   changes{managed},
		write:    changes{annotate("bluegreen/target-version", "1.11")},
		byStatus: true,
		asked:    true,
	},
	"given back": {
		before: changes{managed},
		write:  changes{givenBack},
		asked:  true,
	},
	"given back by status": {
		before:   changes{managed},
		write:    changes{givenBack},
		byStatus: true,
		asked:    true,
	},
	"adopted": {
		write: changes{managed},
		asked: true,
	},
	"adopted as a follower": {
		write: changes{follows},
		asked: true,
	},
	"adopted as a preview": {
		write: changes{previews},
		asked: true,
	},
	"a follower's leader": {
		before: changes{follows},
		write:  changes{annotate("bluegreen/follows", "apache")},
		asked:  true,
	},
	"a follower's selector": {
		before: changes{follows},
		write:  changes{selects("version", "1.11")},
		asked:  true,
	},
	"a preview given back": {
		before: changes{previews},
		write:  changes{unannotate("bluegreen/preview-of")},
		asked:  true,
	},
	"a follower's labels": {
		before: changes{follows},
		write:  changes{labelled},
	},
	"a selectorless one adopted": {
		before: changes{selectorless},
		write:  changes{managed},
		asked:  true,
	},
	"a target in a crowd": {
		before: changes{managed, crowded},
		write:  changes{annotate("bluegreen/target-version", "1.11")},
		asked:  true,
	},
	"an option removed from a crowd": {
		before: changes{managed, crowded, annotate("bluegreen/ready", "complete")},
		write:  changes{unannotate("bluegreen/ready")},
		asked:  true,
	},
	"nothing": {
		before: changes{managed},
	},
	"labels": {
		before: changes{managed},
		write:  changes{labelled},
	},
	"ports": {
		before: changes{managed},
		write:  changes{onPort},
	},
	"other annotations": {
		before: changes{managed},
		write:  changes{annotate("example.com/a", "b")},
	},
	"annotations that look like ours": {
		before: changes{managed},
		write:  changes{annotate("bluegreen.io/phase", "b")},
	},
	"a load balancer's address": {
		before:   changes{managed, loadBalancer},
		write:    changes{balanced},
		byStatus: true,
	},
	"labels in a crowd": {
		before: changes{managed, crowded},
		write:  changes{labelled},
	},
	"an unmanaged one's selector": {
		write: changes{selects("version", "1.11")},
	},
	"an unmanaged one's type": {
		write: changes{externalToo},
	},
	"an unmanaged one's option": {
		write: changes{annotate("bluegreen/ready", "complete")},
	},
	"an unmanaged one's address": {
		before:   changes{loadBalancer},
		write:    changes{balanced},
		byStatus: true,
	},
	"a selectorless unmanaged one": {
		before: changes{selectorless},
		write:  changes{labelled},
	},
}
