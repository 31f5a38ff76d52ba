package manifests

// ownServiceWrites are what arrives of a Service under bluegreen's name.
var ownServiceWrites = map[string]struct {
	before  changes
	write   changes
	refusal string
}{
	"nothing": {
		before: changes{managed},
	},
	"a switch": {
		before: changes{asked11},
		write:  changes{switched("1.10", "1.11"), annotate("bluegreen/phase", "Stable")},
	},
	"a switch of a follower": {
		before: changes{follows},
		write:  changes{switched("1.10", "1.11"), annotate("bluegreen/phase", "Stable")},
	},
	"a switch of a preview": {
		before: changes{previews},
		write:  changes{switched("1.10", "1.11")},
	},
	"another leader": {
		before:  changes{follows},
		write:   changes{annotate("bluegreen/follows", "apache")},
		refusal: asksKept,
	},
	"a follower given back": {
		before:  changes{previews},
		write:   changes{unannotate("bluegreen/preview-of")},
		refusal: asksKept,
	},
	"a switch of a load balancer": {
		before: changes{asked11, loadBalancer},
		write:  changes{switched("1.10", "1.11")},
	},
	"a switch with a crowd": {
		before: changes{asked11, crowded},
		write:  changes{switched("1.10", "1.11")},
	},
	"a message": {
		before: changes{managed},
		write:  changes{annotate("bluegreen/message", "waiting")},
	},
	"an attempt": {
		before: changes{asked11},
		write:  changes{annotate("bluegreen/attempt", "2026-11-28T08:00:00Z/1/2")},
	},
	"a phase removed after giving back": {
		before: changes{annotate("bluegreen/phase", "Stable")},
		write:  changes{unannotate("bluegreen/phase")},
	},
	"a label, as other webhooks stamp": {
		before: changes{managed},
		write:  changes{labelled},
	},
	"an annotation, as other webhooks": {
		before: changes{managed},
		write:  changes{annotate("example.com/a", "b")},
	},
	"the ports": {
		before:  changes{managed},
		write:   changes{onPort},
		refusal: specKept,
	},
	"the ports along with a switch": {
		before:  changes{asked11},
		write:   changes{switched("1.10", "1.11"), onPort},
		refusal: specKept,
	},
	"the type": {
		before:  changes{managed},
		write:   changes{loadBalancer},
		refusal: specKept,
	},
	"an ExternalName": {
		write:   changes{externalToo},
		refusal: specKept,
	},
	"external addresses": {
		before:  changes{managed},
		write:   changes{externalIP},
		refusal: specKept,
	},
	"the selector of an unmanaged one": {
		write:   changes{selects("version", "1.11")},
		refusal: specKept,
	},
	"an adoption with a switch": {
		write:   changes{managed, selects("version", "1.10"), selects("name", "evil")},
		refusal: specKept,
	},
	"an owner": {
		before:  changes{managed},
		write:   changes{serviceOwned},
		refusal: ownersKept,
	},
	"a finalizer": {
		before:  changes{managed},
		write:   changes{serviceFinalized},
		refusal: ownersKept,
	},
	"an ask": {
		before:  changes{managed},
		write:   changes{asked11},
		refusal: asksKept,
	},
	"an adoption": {
		write:   changes{managed},
		refusal: asksKept,
	},
	"given back": {
		before:  changes{managed},
		write:   changes{givenBack},
		refusal: asksKept,
	},
	"an option": {
		before:  changes{managed},
		write:   changes{annotate("bluegreen/ready", "minimum")},
		refusal: asksKept,
	},
	"another try": {
		before:  changes{asked11},
		write:   changes{annotate("bluegreen/retry", "2")},
		refusal: asksKept,
	},
	"the protection given up": {
		before:  changes{managed},
		write:   changes{annotate("bluegreen/in-use-protection", "disabled")},
		refusal: asksKept,
	},
}
