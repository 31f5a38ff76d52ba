//go:build e2e

package gitops

import "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"

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
		title:   "the same; the selector in Git names the version, too",
		form:    versioned,
		selects: "version",
		run:     upgrades,
		want:    all("switched"),
	},
	{
		title: "a version that never gets ready, repaired by a commit",
		form:  versioned,
		run:   neverReady,
		want:  all("held, switched"),
	},
	{
		title:   "the same; the selector in Git names the version, too",
		form:    versioned,
		selects: "version",
		run:     neverReady,
		want:    all("held, switched"),
	},
	{
		title: "a revert while a switch is held, and an upgrade",
		form:  versioned,
		run:   revertsWhileHeld,
		want:  all("withdrawn, switched"),
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
		title:    "the same, without self-heal",
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
		want:  all("gone"),
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
	{
		title: "two upgrades in a row",
		form:  slots,
		run:   upgrades,
		want:  all("switched"),
	},
	{
		title: "a version that never gets ready, repaired by a commit",
		form:  slots,
		run:   neverReady,
		want:  all("held, switched"),
	},
	{
		title:   "the same; the selector in Git names the version, and Argo CD compares it",
		form:    slots,
		selects: "version",
		bare:    true,
		run:     neverReady,
		want:    all("held, switched"),
	},
	{
		title: "an upgrade; the selector does not, and Argo CD compares it",
		form:  slots,
		bare:  true,
		run:   upgradesOnce,
		want:  map[string]string{argoTitle: "switched, Synced, Healthy", serverSideTitle: "switched, OutOfSync, Healthy"},
	},
	{
		title: "a revert while a switch is held, and an upgrade",
		form:  slots,
		run:   revertsWhileHeld,
		want:  all("withdrawn, switched"),
	},
	{
		title: "a revert after the switch",
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
		title: "the application is deleted at rest, in the foreground",
		form:  slots,
		bare:  true,
		run:   (*cell).deletes,
		want:  map[string]string{argoTitle: "gone", serverSideTitle: "gone"},
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
}

// all is the same for each of the engines.
func all(word string) map[string]string {
	return map[string]string{fluxTitle: word, argoTitle: word, serverSideTitle: word}
}

// upgrades goes on twice. From the second on, two slots reuse the slot that the first has left.
func upgrades(c *cell) {
	for _, version := range []string{"1.11", "1.12"} {
		from := c.revision()
		c.ask(version)
		c.arrives()
		c.switches(from)
		c.settles()
	}
	c.record("switched")
	c.unwritten()
}

// neverReady asks for a version that has no image.
func neverReady(c *cell) {
	from := c.revision()
	c.ask("1.13")
	c.arrives()
	c.waits(from.live)
	c.unwritten()
	c.shows("held")
	c.push(from.next("1.12"))
	c.arrives()
	c.switches(from)
	c.settles()
	c.record("switched")
}

func revertsWhileHeld(c *cell) {
	from := c.revision()
	c.ask("1.13")
	c.arrives()
	c.waits(from.live)
	c.revert()
	c.arrives()
	c.stays()
	c.record("withdrawn")
	c.ask("1.11")
	c.arrives()
	c.switches(from)
	c.settles()
	c.record("switched")
}

func revertsAfter(c *cell) {
	from := c.revision()
	c.ask("1.11")
	c.arrives()
	c.switches(from)
	c.settles()
	from = c.revision()
	c.revert()
	c.arrives()
	c.switches(from)
	c.settles()
	c.record("switched back")
}

func drifts(c *cell) {
	c.kubectl("patch", "service", service, "--patch", `{"spec":{"selector":{"version":"1.11"}}}`)
	c.kubectl("annotate", "service", service, "--overwrite", bluegreen.TargetVersion+"=1.12")
	if c.situation.handsOff {
		c.unwritten()
		if s := c.get(); target(s) == "1.12" && version(s) == "1.10" {
			c.record("stays")
		}
		return
	}
	c.stays()
	c.record("undone")
}

func deletesWhileHeld(c *cell) {
	from := c.revision()
	c.ask("1.13")
	c.arrives()
	c.waits(from.live)
	c.deletes()
}

func deletesWhileDraining(c *cell) {
	c.ask("1.11")
	c.arrives()
	c.awaitVersion("1.11")
	c.deletes()
}

func prunesInTheForeground(c *cell) {
	before := c.get()
	c.ask("1.11")
	c.arrives()
	c.unwritten()
	if c.get().ResourceVersion == before.ResourceVersion {
		c.record("nothing is synced")
	}
}

// upgradesOnce does not wait for the engine to be content.
func upgradesOnce(c *cell) {
	from := c.revision()
	c.ask("1.11")
	c.arrives()
	c.switches(from)
	c.unwritten()
	c.shows("switched")
}
