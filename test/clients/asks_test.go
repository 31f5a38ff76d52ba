//go:build e2e

package clients

import (
	"strings"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// What asks for versions.

// upgrades asks for three versions in turn, each of which becomes ready later, and rolls back the last.
func (c *cell) upgrades(form func(string) manifest) {
	c.start(form("1.10"))
	for _, version := range []string{"1.11", "1.12", "1.13"} {
		c.record(c.write(form(version)))
		c.becomesReady(version)
	}
	c.setUnready("1.12")
	c.record(c.back())
	c.becomesReady("1.12")
}

// selectorAlone brings a version that only its selector names, and has the switch asked for by hand.
func selectorAlone(c *cell) {
	c.start(selecting("1.10"))
	c.asksByHand("1.10")
	for _, version := range []string{"1.11", "1.12"} {
		came := c.write(selecting(version))
		c.record(came)
		if came != kept && came != nothing {
			return
		}
		c.heard(`traffic stays on version`, `kubectl annotate service web -n `+c.name+` bluegreen/target-version=`+version+` --overwrite`)
		c.asksByHand(version)
		c.becomesReady(version)
	}
}

func handsInBetween(c *cell) {
	c.start(both("1.10"))
	c.asksByHand("1.12")
	c.becomesReady("1.12")
	c.record(c.write(both("1.11")))
	c.becomesReady("1.11")
	c.byHand("patch", "service", service, "--patch", `{"spec":{"selector":{"app":"web","version":"1.10"}}}`)
	c.byHand("patch", "service", service, "--patch",
		`{"metadata":{"annotations":{"bluegreen/target-version":"1.10"}},"spec":{"selector":{"version":"1.10"}}}`)
	c.record(c.write(both("1.13")))
	c.becomesReady("1.13")
}

func againStable(c *cell) {
	c.start(both("1.10"))
	c.record(c.write(both("1.10")))
}

func againHeld(c *cell) {
	c.start(both("1.10"))
	c.write(both("1.11"))
	c.record(c.write(both("1.11")))
	c.becomesReady("1.11")
}

func againPaused(c *cell) {
	manual := func(version string) manifest { return both(version).with(bluegreen.Promote, "manual") }
	c.start(manual("1.10"))
	c.write(manual("1.11"))
	c.staysThough("1.11")
	c.reaches(bluegreen.Paused)
	c.record(c.write(manual("1.11")))
	c.stillSays(bluegreen.Paused)
	c.moves.expect("1.11")
	c.kubectl("annotate", "service", service, bluegreen.ApprovedVersion+"=1.11").Must(c)
	c.awaitVersion(service, "1.11")
}

func againChecking(c *cell) {
	checked := func(version string) manifest { return both(version).with(bluegreen.PrePromotionCheck, "smoke") }
	c.createCheck("smoke")
	c.start(checked("1.10"))
	c.write(checked("1.11"))
	c.staysThough("1.11")
	c.checkRuns()
	c.record(c.write(checked("1.11")))
	c.stillSays(bluegreen.Checking)
	c.moves.expect("1.11")
	c.checkSucceeds()
	c.awaitVersion(service, "1.11")
}

func againFailed(c *cell) {
	limited := both("1.11").with(bluegreen.Deadline, "1s").with(bluegreen.Retry, "1")
	c.start(both("1.10").with(bluegreen.Deadline, "1s").with(bluegreen.Retry, "1"))
	c.write(limited)
	c.reaches(bluegreen.Failed)
	c.record(c.write(limited))
	c.staysThough("1.11")
	c.stillSays(bluegreen.Failed)
	c.record(c.write(limited))
}

func againRolledBack(c *cell) {
	watched := func(version string) manifest { return both(version).with(bluegreen.AutoRollback, "10m") }
	c.start(watched("1.10"))
	c.setReady("1.10")
	c.write(watched("1.11"))
	c.becomesReady("1.11")
	c.moves.expect("1.10")
	c.setUnready("1.11")
	c.reaches(bluegreen.RolledBack)
	c.record(c.write(watched("1.11")))
	c.staysThough("1.11")
	c.stillSays(bluegreen.RolledBack)
	c.record(c.write(watched("1.11")))
}

func againAfter(c *cell) {
	c.start(both("1.10"))
	c.write(both("1.11"))
	c.becomesReady("1.11")
	c.record(c.write(both("1.11")))
}

func againOvertaken(c *cell) {
	c.start(both("1.10"))
	c.write(both("1.11"))
	c.becomesReady("1.11")
	c.asksByHand("1.12")
	c.becomesReady("1.12")
	c.setUnready("1.11")
	c.record(c.write(both("1.11")))
	c.becomesReady("1.11")
}

func twoVersions(c *cell) {
	c.start(both("1.10"))
	c.record(c.write(annotated("1.11").selects("1.12")))
	c.heard(`spec.selector[version]: traffic stays on version 1.10, because only bluegreen/target-version (now "1.11") moves it`)
	c.staysThough("1.12")
	c.becomesReady("1.11")
}

func secondAsk(c *cell) {
	c.start(both("1.10"))
	c.write(both("1.11"))
	c.record(c.write(both("1.12")))
	c.staysThough("1.11")
	c.becomesReady("1.12")
}

func withdraw(c *cell) {
	c.start(both("1.10"))
	c.write(both("1.11"))
	c.record(c.back())
	c.staysThough("1.11")
}

func withdrawByHand(c *cell) {
	c.start(both("1.10"))
	c.write(both("1.11"))
	c.asksByHand("1.10")
	c.staysThough("1.11")
	c.setUnready("1.11")
	c.record(c.write(both("1.11")))
	c.becomesReady("1.11")
}

// exported writes all that the live object has, with a new version.
func exported(c *cell) {
	c.start(both("1.10"))
	if c.client.file != nil {
		c.settled()
		live := c.kubectl("get", "service", service, "--output=yaml").Must(c).Stdout
		c.record(c.writeFile(strings.ReplaceAll(live, `"1.10"`, `"1.11"`)))
	} else {
		live := c.settled()
		c.record(c.write(manifest{Annotations: live.Annotations, Selector: live.Spec.Selector}.
			with(bluegreen.TargetVersion, "1.11").selects("1.11")))
	}
	c.becomesReady("1.11")
	c.record(c.write(both("1.12")))
	c.becomesReady("1.12")
}

func dryRuns(c *cell) {
	c.start(both("1.10"))
	for _, version := range []string{"1.11", "1.12"} { // One while nothing waits, one while something does.
		before := c.settled()
		shown := c.dryRun(both(version))
		c.isUnwritten(before, "a dry run")
		shown.ResourceVersion += " if it were written"
		would, did := classify(before, shown, c.said), c.write(both(version))
		if would != did {
			c.Errorf("the dry run showed %q, and then came %q", would, did)
		}
		c.record(did)
	}
	c.becomesReady("1.12")
}

func diffed(c *cell) {
	c.start(both("1.10"))
	for _, version := range []string{"1.11", "1.12"} {
		before := c.settled()
		c.showsDiff(both(version))
		c.isUnwritten(before, "kubectl diff")
		c.record(c.write(both(version)))
	}
	c.becomesReady("1.12")
}

func forced(c *cell) {
	c.start(both("1.10"))
	came := c.writeWith(c.client.force, both("1.11"))
	c.record(came)
	if came == recreated {
		c.moves.expect("1.11")
		return
	}
	c.becomesReady("1.11")
}

func meddled(c *cell) {
	c.start(both("1.10"))
	c.record(c.write(both("1.11")))
	c.becomesReady("1.11")
}

func meddledInsistently(c *cell) {
	c.start(both("1.10"))
	c.record(c.write(both("1.11")))
}
