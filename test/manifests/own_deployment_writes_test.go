package manifests

// ownDeploymentWrites are what arrives of a Deployment under bluegreen's name.
var ownDeploymentWrites = map[string]struct {
	before  deploymentChanges
	write   deploymentChanges
	refusal string
}{
	"nothing": {},
	"the finalizer put on": {
		before: deploymentChanges{finalizers("a/b")},
		write:  deploymentChanges{finalizers("a/b", finalizer)},
	},
	"the finalizer taken off": {
		before: deploymentChanges{finalizers("a/b", finalizer)},
		write:  deploymentChanges{finalizers("a/b")},
	},
	"the note of a scale-down": {
		before: deploymentChanges{inUse},
		write:  deploymentChanges{noted("web/uid/3")},
	},
	"the note removed": {
		before: deploymentChanges{inUse, noted("web/uid/3")},
		write:  deploymentChanges{notNoted},
	},
	"replicas": {
		before: deploymentChanges{replicas(3)},
		write:  deploymentChanges{replicas(0)},
	},
	"paused": {
		write: deploymentChanges{paused},
	},
	"a label, as other webhooks stamp": {
		write: deploymentChanges{deploymentLabelled},
	},
	"an annotation, as other webhooks": {
		write: deploymentChanges{stamped},
	},
	"the image": {
		write:   deploymentChanges{image("evil:1")},
		refusal: specKept,
	},
	"the image along with the finalizer": {
		write:   deploymentChanges{inUse, image("evil:1")},
		refusal: specKept,
	},
	"the image along with replicas": {
		write:   deploymentChanges{replicas(3), image("evil:1")},
		refusal: specKept,
	},
	"another container": {
		write:   deploymentChanges{sidecar},
		refusal: specKept,
	},
	"the pods' ServiceAccount": {
		write:   deploymentChanges{runsAs("admin")},
		refusal: specKept,
	},
	"the pods' annotations": {
		write:   deploymentChanges{restarted},
		refusal: specKept,
	},
	"the strategy": {
		write:   deploymentChanges{recreated},
		refusal: specKept,
	},
	"minReadySeconds": {
		write:   deploymentChanges{minReady},
		refusal: specKept,
	},
	"revisionHistoryLimit": {
		write:   deploymentChanges{history},
		refusal: specKept,
	},
	"progressDeadlineSeconds": {
		write:   deploymentChanges{deadline},
		refusal: specKept,
	},
	"an owner": {
		write:   deploymentChanges{owned},
		refusal: ownersKept,
	},
	"no owner": {
		before:  deploymentChanges{owned},
		write:   deploymentChanges{ownerless},
		refusal: ownersKept,
	},
	"another finalizer": {
		write:   deploymentChanges{finalizers("a/b")},
		refusal: ownersKept,
	},
	"another finalizer taken off": {
		before:  deploymentChanges{finalizers("a/b", finalizer)},
		write:   deploymentChanges{finalizers(finalizer)},
		refusal: ownersKept,
	},
	"one finalizer more along with its own": {
		write:   deploymentChanges{finalizers("a/b", finalizer)},
		refusal: ownersKept,
	},
}
