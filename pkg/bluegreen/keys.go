package bluegreen

// prefix is shared by every annotation of this project. The API server asks the webhook about a managed Service when a
// key with this prefix differs (matchConditions of the webhook configuration).
const prefix = "bluegreen/"

// Annotations that users write, on a Service.
const (
	// TargetVersion makes a Service managed and says which version should be live. It is the only way to ask for a switch;
	// its last writer decides. Value: a label value, not empty. Absent: the Service is not managed.
	// Example: "1.11".
	TargetVersion = prefix + "target-version"

	// VersionLabel names the key of spec.selector that carries the version. Value: a label key.
	// Default: "version". Example: "app.kubernetes.io/version".
	VersionLabel = prefix + "version-label"

	// Ready says how ready the target must be before traffic moves. Value: a Readiness. Default: "minimum".
	// Example: "complete".
	Ready = prefix + "ready"

	// InUseProtection names both a finalizer, which bluegreen puts on Deployments in use, and the annotation by which users
	// switch that off for a Service. Value: "enabled" or "disabled". Default: "enabled".
	InUseProtection = prefix + "in-use-protection"

	// Drain says how long a Deployment is kept as it is after traffic has left it: nodes and clients still reach its pods.
	// Value: a duration, 0s or more. Default: that of the installation, 30s unless it says otherwise. Example: "2m".
	Drain = prefix + "drain"

	// Promote says whether a version that is ready gets traffic by itself, or waits for ApprovedVersion. Value: a Promotion.
	// Default: "auto". Example: "manual".
	Promote = prefix + "promotion"

	// ApprovedVersion lets exactly one version through, if promotion is manual. bluegreen never changes it. Value: a label value, not
	// empty. Example: "1.11".
	ApprovedVersion = prefix + "approved-version"

	// Deadline says how long the target of an ask may take to be ready. Then the ask has failed. Value: a duration, more than 0s.
	// Default: no limit. Example: "10m".
	Deadline = prefix + "deadline"

	// AutoRollback says for how long after a switch the version that went live is watched. If it breaks in that time, traffic returns to the
	// version that was left. Value: a duration, more than Patience. Default: it is not watched. Example: "10m".
	AutoRollback = prefix + "auto-rollback"

	// Retry makes an ask another one: to change it asks for the same version again. Value: any string, also none.
	// Example: "2".
	Retry = prefix + "retry"

	// RetireAfter says how long after a switch the Deployments that traffic left go to 0 replicas. Value: a duration, 0s or more.
	// Default: never. Example: "1h".
	RetireAfter = prefix + "retire-after"

	// PrePromotionCheck names a CronJob of the namespace. Of its template a Job is made that checks a version that is ready, once for each
	// ask, before it gets traffic. Value: the name of a CronJob. Default: nothing is checked. Example: "smoke".
	PrePromotionCheck = prefix + "pre-promotion-check"

	// PostPromotionCheck does the same right after the switch. If the Job fails within AutoRollback, without which there is no such check,
	// traffic returns. Value, default and example: as above.
	PostPromotionCheck = prefix + "post-promotion-check"

	// Follows makes a Service managed in place of TargetVersion: it selects the version that is live in another Service, its leader, and
	// moves when that does. Value: the name of a Service of the namespace that has TargetVersion. Example: "nginx".
	Follows = prefix + "follows"

	// PreviewOf does the same, but selects the target of its leader from the moment that is asked for. Value and example: as above.
	PreviewOf = prefix + "preview-of"
)

// askKeys are the annotations that make a Service managed. It has one of them.
var askKeys = []string{TargetVersion, Follows, PreviewOf}

// Annotations that bluegreen alone writes, on a Service; anybody else's change to them is put back.
const (
	// PhaseKey says where the Service stands. Value: a Phase. Example: "Waiting".
	PhaseKey = prefix + "phase"

	// MessageKey holds one sentence a person can act on. Absent when there is nothing to say.
	// Example: "Deployment nginx-1.11: waiting for MinimumReplicasAvailable".
	MessageKey = prefix + "message"

	// AttemptKey stands while a switch that is asked for has not happened. Value: see Attempt.
	AttemptKey = prefix + "attempt"

	// LastSwitchKey comes in the write that moves traffic, and stays until the next. Value: see LastSwitch.
	LastSwitchKey = prefix + "last-switch"

	// ChecksKey stands once a Job checks a version, as long as that matters. Value: see CheckRecord.
	ChecksKey = prefix + "checks"
)

// Notes: annotations that bluegreen alone writes, on a Deployment in use.
const (
	// Serves comes with the finalizer: the labels by which Services select the pods. The pods keep them when the template
	// says otherwise: while a rollout is paused, under deletion, in a slot that is relabelled.
	// Example: "name=nginx,version=1.11".
	Serves = prefix + "serves"

	// ResumeAfter stands on a Deployment that bluegreen paused because new pod labels would take its pods out of a Service.
	// The rollout goes on once traffic has left. Value: see PausedRollout.
	ResumeAfter = prefix + "resume-after"

	// ScaleToZeroAfter stands on a Deployment that somebody scaled to 0 while a switch away from it was pending. That is done
	// after the switch, unless somebody changes the replicas before. Value: see ScaleDown.
	ScaleToZeroAfter = prefix + "scale-to-zero-after"

	// LeftKey stands on a Deployment that traffic has left, until it goes to 0 replicas because its Service says RetireAfter.
	// Value: see Left.
	LeftKey = prefix + "left"
)

// CheckOf is the label of a Job that checks a version. Value: the name of the Service.
const CheckOf = prefix + "check-of"

// DefaultVersionLabel is the selector key that carries the version when VersionLabel is absent.
const DefaultVersionLabel = "version"

// Readiness is the value of Ready.
type Readiness string

// How ready the target must be.
const (
	// Minimum asks for condition Available with reason MinimumReplicasAvailable. That can be true with 8 of 10 replicas, or
	// amid a rolling update.
	Minimum Readiness = "minimum"

	// Complete also asks for every replica to be updated and available, and for a Deployment that is not paused.
	Complete Readiness = "complete"

	// MatchLive asks for Minimum, and for as many available replicas as the live version has.
	MatchLive Readiness = "match-live"
)

// Promotion is the value of Promote.
type Promotion string

// Promotions.
const (
	// Auto: a version that is ready gets traffic.
	Auto Promotion = "auto"

	// Manual: it gets traffic once it is approved, too.
	Manual Promotion = "manual"
)

// Phase is the value of PhaseKey.
type Phase string

// Phases.
const (
	// Stable: the selector is on the target version.
	Stable Phase = "Stable"

	// Waiting: the target version differs from the live one, and something stands in the way of the switch.
	// MessageKey says what.
	Waiting Phase = "Waiting"

	// Checking: the target version is ready, and is checked before it gets traffic.
	Checking Phase = "Checking"

	// Paused: the target version is ready, and waits for approval.
	Paused Phase = "Paused"

	// Failed: the ask was given up, and traffic stays, until somebody asks anew. Or the version that is live broke after the switch, and
	// traffic could not return.
	Failed Phase = "Failed"

	// RolledBack: the version that was asked for broke after the switch, and traffic returned to the one before, until somebody asks anew.
	RolledBack Phase = "RolledBack"
)

// userKeys are the annotations that users write. An error about an unknown key lists them.
var userKeys = []string{TargetVersion, VersionLabel, Ready, InUseProtection, Drain, Promote, ApprovedVersion, Deadline, AutoRollback,
	Retry, RetireAfter, PrePromotionCheck, PostPromotionCheck, Follows, PreviewOf}

// OwnKeys are the annotations that bluegreen alone writes on a Service.
var OwnKeys = []string{PhaseKey, MessageKey, AttemptKey, LastSwitchKey, ChecksKey}

// NoteKeys are the annotations that bluegreen alone writes on a Deployment.
var NoteKeys = []string{Serves, ResumeAfter, ScaleToZeroAfter, LeftKey}
