package manifests

// serviceStatuses are what arrives through services/status.
var serviceStatuses = map[string]struct {
	before  changes
	write   changes
	refusal string
}{
	"an ask": {
		before:  changes{managed},
		write:   changes{asked11},
		refusal: throughStatus,
	},
	"another leader": {
		before:  changes{follows},
		write:   changes{annotate("bluegreen/follows", "apache")},
		refusal: throughStatus,
	},
	"an adoption as a preview": {
		write:   changes{previews},
		refusal: throughStatus,
	},
	"an adoption": {
		write:   changes{managed},
		refusal: throughStatus,
	},
	"given back": {
		before:  changes{managed},
		write:   changes{givenBack},
		refusal: throughStatus,
	},
	"every annotation removed": {
		before:  changes{managed},
		write:   changes{unannotated},
		refusal: throughStatus,
	},
	"an option": {
		before:  changes{managed},
		write:   changes{annotate("bluegreen/ready", "complete")},
		refusal: throughStatus,
	},
	"an option with an address": {
		before:  changes{managed, loadBalancer},
		write:   changes{balanced, annotate("bluegreen/ready", "complete")},
		refusal: throughStatus,
	},
	"an empty option": {
		before:  changes{managed},
		write:   changes{annotate("bluegreen/ready", "")},
		refusal: throughStatus,
	},
	"bluegreen's own": {
		before:  changes{managed},
		write:   changes{annotate("bluegreen/phase", "Stable")},
		refusal: throughStatus,
	},
	"an ask in a crowd": {
		before:  changes{managed, crowded},
		write:   changes{asked11},
		refusal: throughStatus,
	},
	"given back in a crowd": {
		before:  changes{managed, crowded},
		write:   changes{givenBack},
		refusal: throughStatus,
	},
	"nothing": {
		before: changes{managed},
	},
	"a load balancer's address": {
		before: changes{managed, loadBalancer},
		write:  changes{balanced},
	},
	"an address in a crowd": {
		before: changes{managed, crowded, loadBalancer},
		write:  changes{balanced},
	},
	"another annotation": {
		before: changes{managed},
		write:  changes{annotate("example.com/a", "b")},
	},
	"another annotation in a crowd": {
		before: changes{managed, crowded},
		write:  changes{annotate("example.com/a", "b")},
	},
	"an annotation that looks like ours": {
		before: changes{managed},
		write:  changes{annotate("bluegreen.io/phase", "b")},
	},
}

// deploymentStatuses are what arrives through deployments/status.
var deploymentStatuses = map[string]struct {
	before  deploymentChanges
	write   deploymentChanges
	refusal string
}{
	"a scale-down of a Deployment nobody managed": {
		write:   deploymentChanges{noted("web/uid/3")},
		refusal: throughStatus,
	},
	"a scale-down of one in use": {
		before:  deploymentChanges{inUse},
		write:   deploymentChanges{noted("web/uid/3")},
		refusal: throughStatus,
	},
	"a scale-down forgotten": {
		before:  deploymentChanges{inUse, noted("web/uid/3")},
		write:   deploymentChanges{notNoted},
		refusal: throughStatus,
	},
	"the finalizer taken off": {
		before:  deploymentChanges{inUse},
		write:   deploymentChanges{finalizers()},
		refusal: throughStatus,
	},
	"the finalizer replaced": {
		before:  deploymentChanges{inUse},
		write:   deploymentChanges{finalizers("a/b")},
		refusal: throughStatus,
	},
	"the finalizer put on": {
		write:   deploymentChanges{inUse},
		refusal: throughStatus,
	},
	"another finalizer": {
		before: deploymentChanges{inUse},
		write:  deploymentChanges{finalizers("a/b", finalizer)},
	},
	"a status": {
		before: deploymentChanges{inUse, noted("web/uid/3")},
		write:  deploymentChanges{observed},
	},
	"a status of one not in use": {
		write: deploymentChanges{observed},
	},
}
