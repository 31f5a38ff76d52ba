package bluegreen

// Reason says in one word why a Decision is what it is, or what an Event tells.
type Reason string

// Reasons of what happens to a Service.
const (
	// ReasonNotManaged: the Service has no target version; what bluegreen wrote on it goes. An Event tells when that begins.
	ReasonNotManaged Reason = "NotManaged"
	// ReasonStable: the selector is on the target.
	ReasonStable Reason = "Stable"
	// ReasonSwitched: everything is ready, and traffic moves.
	ReasonSwitched Reason = "Switched"
	// ReasonWithdrawn: somebody asks for what is live again, before traffic moved.
	ReasonWithdrawn Reason = "Withdrawn"
	// ReasonFailed: the target was not ready in time, and traffic stays until somebody asks anew. Or what went live broke after the
	// switch, and traffic could not return.
	ReasonFailed Reason = "Failed"
	// ReasonRolledBack: what went live broke after the switch, and traffic returned to the version before.
	ReasonRolledBack Reason = "RolledBack"
	// ReasonLiveDeleting: the selector is on the target, a Deployment of which is under deletion and kept.
	ReasonLiveDeleting Reason = "LiveDeploymentDeleting"
	// ReasonLiveScaledToZero: the selector is on the target, which has no replicas.
	ReasonLiveScaledToZero Reason = "LiveScaledToZero"
	// ReasonLiveRelabelled: the selector is on the target, and new pod labels of a live Deployment are held.
	ReasonLiveRelabelled Reason = "LiveRelabelled"
	// ReasonInvalid: the annotations, or the Service they are on, ask for nothing that can be done.
	ReasonInvalid Reason = "Invalid"
	// ReasonDeploymentNotFound: no Deployment carries the target version.
	ReasonDeploymentNotFound Reason = "DeploymentNotFound"
	// ReasonDeploymentDeleting: a Deployment of the target version is being deleted.
	ReasonDeploymentDeleting Reason = "DeploymentDeleting"
	// ReasonScaledToZero: a Deployment of the target version has no replicas.
	ReasonScaledToZero Reason = "ScaledToZero"
	// ReasonNotAvailable: a Deployment of the target version does not report MinimumReplicasAvailable yet.
	ReasonNotAvailable Reason = "NotAvailable"
	// ReasonReplicaFailure: the same, and its pods cannot be made.
	ReasonReplicaFailure Reason = "ReplicaFailure"
	// ReasonProgressDeadlineExceeded: the same, and its rollout takes longer than it may.
	ReasonProgressDeadlineExceeded Reason = "ProgressDeadlineExceeded"
	// ReasonPortNotFound: the pods of the target version lack a port that the Service names.
	ReasonPortNotFound Reason = "PortNotFound"
	// ReasonPaused: a Deployment of the target version is paused, and not available or not complete.
	ReasonPaused Reason = "Paused"
	// ReasonNotComplete: a Deployment of the target version is still rolling out, and the Service asks for Complete.
	ReasonNotComplete Reason = "NotComplete"
	// ReasonNotChecked: the target version is ready, and its check has not begun.
	ReasonNotChecked Reason = "NotChecked"
	// ReasonChecking: the target version is ready, and its check has not ended.
	ReasonChecking Reason = "Checking"
	// ReasonLiveNotChecked: the selector is on the target, whose check after the switch has not ended, or cannot.
	ReasonLiveNotChecked Reason = "LiveNotChecked"
	// ReasonCheckStarted: a Job was created that checks a version.
	ReasonCheckStarted Reason = "CheckStarted"
	// ReasonNotApproved: the target version is ready, and nobody has approved it yet.
	ReasonNotApproved Reason = "NotApproved"
	// ReasonFewerThanLive: the target version has fewer available replicas than the live one, and the Service asks for
	// MatchLive.
	ReasonFewerThanLive Reason = "FewerThanLive"
)

// Reasons of what happens to a Deployment.
const (
	// ReasonInUse: it stays as it is.
	ReasonInUse Reason = "InUse"
	// ReasonDraining: nothing uses it any more, but nodes and clients may still reach its pods, or traffic may return to them.
	ReasonDraining Reason = "Draining"
	// ReasonPodsServe: nothing uses it any more, but a Service still selects pods that an older template made.
	ReasonPodsServe Reason = "PodsServe"
	// ReasonUsedAgain: the API server knows of a use that the cache does not show.
	ReasonUsedAgain Reason = "UsedAgain"
	// ReasonUnused: nothing uses it any more.
	ReasonUnused Reason = "Unused"
	// ReasonOrphaned: it is being deleted, and its pods stay behind.
	ReasonOrphaned Reason = "Orphaned"
	// ReasonDeletionHeld: its deletion has begun, and waits until nothing uses it.
	ReasonDeletionHeld Reason = "DeletionHeld"
	// ReasonScaleDownHeld: somebody scaled it to 0, which waits until traffic has left it.
	ReasonScaleDownHeld Reason = "ScaleDownHeld"
	// ReasonRolloutHeld: it got new pod labels, whose rollout waits until traffic has left it.
	ReasonRolloutHeld Reason = "RolloutHeld"
	// ReasonScaleDownDone: a scale-down that was held is done.
	ReasonScaleDownDone Reason = "ScaleDownDone"
	// ReasonScaleDownForgotten: a scale-down that was held is not done.
	ReasonScaleDownForgotten Reason = "ScaleDownForgotten"
	// ReasonRetiring: traffic has left it, and some time later it goes to 0 replicas.
	ReasonRetiring Reason = "Retiring"
	// ReasonStays: it does not retire any more, or has.
	ReasonStays Reason = "Stays"
	// ReasonRolloutResumed: a rollout that was held goes on.
	ReasonRolloutResumed Reason = "RolloutResumed"
)

// Reasons of what happens to a write.
const (
	// ReasonWriteFailed: the API server refused one of bluegreen's.
	ReasonWriteFailed Reason = "WriteFailed"
	// ReasonNotStored: somebody's asked for what only bluegreen changes, and nothing of that was stored.
	ReasonNotStored Reason = "NotStored"
	// ReasonWebhookUnreachable: the API server does not ask the webhook. This is told of bluegreen's own Deployment.
	ReasonWebhookUnreachable Reason = "WebhookUnreachable"
	// ReasonWebhookReachable: it does again.
	ReasonWebhookReachable Reason = "WebhookReachable"
)
