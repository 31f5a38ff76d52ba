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
		title: "a revert after the switch",
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
		want:     map[string]string{argoTitle: "stays", serverSideTitle: "stays"},
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
		title: "an upgrade, pruned in the foreground, which is Argo CD's default",
		form:  versioned,
		bare:  true,
		run:   prunesInTheForeground,
		want:  map[string]string{argoTitle: "nothing is synced", serverSideTitle: "nothing is synced"},
	},
}

// each is what comes of it with Flux, and with either way in which Argo CD applies.
func each(flux, argo string) map[string]string {
	return map[string]string{fluxTitle: flux, argoTitle: argo, serverSideTitle: argo}
}

// all is the same for each of the engines.
func all(word string) map[string]string {
	return map[string]string{fluxTitle: word, argoTitle: word, serverSideTitle: word}
}
