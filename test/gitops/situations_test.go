//go:build e2e

package gitops

// situation is what an engine is put into: a row of the table.
type situation struct {
	title string
	form  form
	// selects is "version" if the selector in Git names the version, too.
	selects string
	// handsOff leaves drift alone, for engines that can.
	handsOff bool
	// bare leaves out what docs/clients.md says for an application of Argo CD.
	bare bool
	// foreground has Argo CD delete the application in the foreground, which is its default.
	foreground bool
	// cancels has Flux end a health check when there is a newer commit.
	cancels bool
	// drain is how long the old version is kept; 5 s by default.
	drain string
	run   func(c *cell)

	// want is what comes of it, by the titles of the engines that are put into it.
	want map[string]string
}

const (
	fluxTitle       = "Flux"
	argoTitle       = "Argo CD"
	serverSideTitle = "Argo CD, `ServerSideApply=true`"
)

// engines are the columns of the table.
var engines = []engine{
	flux{},
	argoCD{name: argoTitle},
	argoCD{
		name:        serverSideTitle,
		syncOptions: []string{"ServerSideApply=true"},
	},
}

// situations are the rows of the table.
var situations = []situation{
	{
		title: "two upgrades in a row",
		form:  versioned,
		run:   upgrades,
		want:  all("switched"),
	},
	{
		title:   "two upgrades in a row; the selector in Git names the version, too",
		form:    versioned,
		selects: "version",
		run:     upgrades,
		want:    all("switched"),
	},
	{
		title: "a version that never gets ready, repaired by a commit",
		form:  versioned,
		run:   neverReady,
		want:  each("held (not ready), switched after the timeout of its health check", "held (OutOfSync, Progressing), switched"),
	},
	{
		title:   "a version that never gets ready, repaired by a commit; the selector in Git names the version, too",
		form:    versioned,
		selects: "version",
		run:     neverReady,
		want:    each("held (not ready), switched after the timeout of its health check", "held (OutOfSync, Progressing), switched"),
	},
	{
		title: "a revert while a switch is held, and an upgrade",
		form:  versioned,
		run:   revertsWhileHeld,
		want:  each("withdrawn after the timeout of its health check, switched", "withdrawn, switched"),
	},
	{
		title:   "a revert while a switch is held, and an upgrade; with `CancelHealthCheckOnNewRevision`",
		form:    versioned,
		cancels: true,
		run:     revertsWhileHeld,
		want:    map[string]string{fluxTitle: "withdrawn, switched"},
	},
	{
		title: "a revert after two upgrades",
		form:  versioned,
		run:   revertsAfter,
		want:  all("switched back"),
	},
	{
		title: "selector and ask are edited by hand",
		form:  versioned,
		run:   drifts,
		want:  all("undone"),
	},
	{
		title:    "selector and ask are edited by hand, without self-heal",
		form:     versioned,
		handsOff: true,
		run:      drifts,
		want:     argo("stays"),
	},
	{
		title: "the application is deleted at rest",
		form:  versioned,
		run:   (*cell).deletes,
		want:  all("gone"),
	},
	{
		title: "the application is deleted while a switch is held",
		form:  versioned,
		run:   deletesWhileHeld,
		want:  each("gone", "stuck, gone once the Service is deleted by hand"),
	},
	{
		title: "the application is deleted while the old version drains",
		form:  versioned,
		drain: "20s",
		run:   deletesWhileDraining,
		want:  all("gone"),
	},
	{
		title:      "the application is deleted at rest, in the foreground, which is Argo CD's default",
		form:       versioned,
		foreground: true,
		run:        (*cell).deletes,
		want:       argo("gone"),
	},
	{
		title:      "the application is deleted while a switch is held, in the foreground",
		form:       versioned,
		foreground: true,
		run:        deletesWhileHeld,
		want:       argo("stuck, gone once the Service is deleted by hand"),
	},
	{
		title: "an upgrade, pruned in the foreground, which is Argo CD's default",
		form:  versioned,
		bare:  true,
		run:   prunesInTheForeground,
		want:  argo("nothing is synced"),
	},
	{
		title: "an upgrade with the Service in an earlier sync wave than the Deployment, put right by a commit",
		form:  versioned,
		run:   splitsWaves("-1"),
		want:  argo("held (OutOfSync, Progressing), switched after the operation is terminated"),
	},
	{
		title: "an upgrade with the Service in a later sync wave than the Deployment, put right by a commit",
		form:  versioned,
		run:   splitsWaves("1"),
		want:  argo("held (OutOfSync, Progressing), switched after the operation is terminated"),
	},
	{
		title: "two upgrades in a row",
		form:  slots,
		run:   upgrades,
		want:  all("switched"),
	},
	{
		title:   "two upgrades in a row; the selector in Git names the version, too",
		form:    slots,
		selects: "version",
		run:     upgrades,
		want:    all("switched"),
	},
	{
		title: "a version that never gets ready, repaired by a commit",
		form:  slots,
		run:   neverReady,
		want:  each("held (not ready), switched after the timeout of its health check", "held (Synced, Progressing), switched"),
	},
	{
		title: "a revert while a switch is held, and an upgrade",
		form:  slots,
		run:   revertsWhileHeld,
		want:  each("withdrawn after the timeout of its health check, switched", "withdrawn, switched"),
	},
	{
		title:   "a revert while a switch is held, and an upgrade; with `CancelHealthCheckOnNewRevision`",
		form:    slots,
		cancels: true,
		run:     revertsWhileHeld,
		want:    map[string]string{fluxTitle: "withdrawn, switched"},
	},
	{
		title: "a revert after two upgrades",
		form:  slots,
		run:   revertsAfter,
		want:  all("switched back"),
	},
	{
		title: "selector and ask are edited by hand",
		form:  slots,
		run:   drifts,
		want:  all("undone"),
	},
	{
		title: "the application is deleted at rest",
		form:  slots,
		run:   (*cell).deletes,
		want:  all("gone"),
	},
	{
		title: "the application is deleted while a switch is held",
		form:  slots,
		run:   deletesWhileHeld,
		want:  all("gone"),
	},
	{
		title: "the application is deleted while the old version drains",
		form:  slots,
		drain: "20s",
		run:   deletesWhileDraining,
		want:  all("gone"),
	},
	{
		title:      "the application is deleted at rest, in the foreground, which is Argo CD's default",
		form:       slots,
		foreground: true,
		run:        (*cell).deletes,
		want:       argo("gone"),
	},
	{
		title:      "the application is deleted while a switch is held, in the foreground",
		form:       slots,
		foreground: true,
		run:        deletesWhileHeld,
		want:       argo("gone"),
	},
}

// each is what comes of it with Flux, and with either way in which Argo CD applies.
func each(flux, argo string) map[string]string {
	return map[string]string{fluxTitle: flux, argoTitle: argo, serverSideTitle: argo}
}

// argo is what comes of it with either way in which Argo CD applies.
func argo(word string) map[string]string {
	return map[string]string{argoTitle: word, serverSideTitle: word}
}

// all is the same for each of the engines.
func all(word string) map[string]string {
	return map[string]string{fluxTitle: word, argoTitle: word, serverSideTitle: word}
}
