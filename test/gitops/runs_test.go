//go:build e2e

package gitops

import "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"

// What is done in a situation.

// upgradeTwice goes on twice.
func upgradeTwice(c *cell) {
	for _, version := range []string{"1.11", "1.12"} {
		from := c.revision()
		c.ask(version)
		c.arrives()
		c.switches(from)
		c.settles()
	}
}

func upgrades(c *cell) {
	upgradeTwice(c)
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

// revertsAfter reverts the second of two upgrades. In two slots, that changes the version of the slot that serves.
func revertsAfter(c *cell) {
	upgradeTwice(c)
	from := c.revision()
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

// deletesWhileHeld asks for a version whose pods run, so that they end at once. One that waits for its image does not.
func deletesWhileHeld(c *cell) {
	from := c.revision()
	to := from.next("1.12")
	to.startup = "600"
	c.push(to)
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

// splitsWaves asks in a commit that has the Service in another sync wave than the Deployment. The next has them in one.
func splitsWaves(wave string) func(*cell) {
	return func(c *cell) {
		from := c.revision()
		to := from.next("1.11")
		to.wave = wave
		c.push(to)
		c.arrives()
		c.unwritten()
		c.shows("held")
		to.wave = ""
		c.push(to)
		c.arrives()
		c.switches(from)
		c.settles()
		c.record("switched")
	}
}
