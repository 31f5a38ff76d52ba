//go:build e2e

package clients

import (
	"strings"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// situation is a row of the table: what is done, and what must come of it.
type situation struct {
	title string
	// needs are the powers without which a client cannot get into it.
	needs powers
	run   func(*cell)
	// exact tells a write that changes nothing at all from one that only moves nothing.
	exact bool
	// want is what comes of it, with every client but those in except.
	want   string
	except map[string]exception
	// meddler, if any, is another webhook that comes after bluegreen's.
	meddler meddler
}

// exception is a client with which something else comes of it, and why.
type exception struct{ want, why string }

// situations are the rows of the table, in order. A client's first version is 1.10 in all of them.
var situations = []situation{
	{
		title: "three upgrades in a row and a rollback; version in annotation and selector", needs: annotates | selects,
		run: func(c *cell) { c.upgrades(both) }, want: "held",
	},
	{
		title: "the same; version in the annotation alone", needs: annotates,
		run: func(c *cell) { c.upgrades(annotated) }, want: "held",
	},
	{
		title: "the same; version in the selector alone, annotation by hand", needs: selects,
		run: selectorAlone, want: "kept",
		except: map[string]exception{
			"kubectl replace":       {"released", replaces},
			"PUT, no field manager": {"released", replaces},
		},
	},
	{
		title: "the same; `kubectl annotate` and `kubectl patch` by hand in between", needs: annotates,
		run: handsInBetween, want: "held",
	},
	{title: "the same manifest again while nothing waits", needs: annotates, exact: true, run: againStable, want: "no-op"},
	{title: "the same manifest again while a switch waits", needs: annotates, exact: true, run: againHeld, want: "no-op"},
	{title: "the same manifest again after the switch", needs: annotates, exact: true, run: againAfter, want: "no-op"},
	{title: "the same manifest again after somebody asked for the next version by hand", needs: annotates, run: againOvertaken, want: "held"},
	{title: "annotation and selector name two new versions", needs: annotates | selects, run: twoVersions, want: "held"},
	{title: "another version is asked for while one waits", needs: annotates, run: secondAsk, want: "held"},
	{title: "the ask is withdrawn while it waits (Helm: `rollback`)", needs: annotates, run: withdraw, want: "withdrawn"},
	{title: "the ask is withdrawn by hand while it waits, and made again", needs: annotates, run: withdrawByHand, want: "held"},
	{title: "the version is removed from the selector", needs: selects, run: versionRemoved, want: "kept"},
	{title: "the selector is emptied", needs: selects | annotates, run: emptied, want: "refused"},
	{title: "the selector is replaced by another", needs: selects, run: replaced, want: "refused"},
	{title: "the selector gets another key", needs: selects, run: keyAdded, want: "refused"},
	{title: "bad values of every annotation", needs: annotates, run: badValues, want: "refused"},
	{title: "bluegreen's own annotations are edited, then deleted", needs: annotates, run: ownEdited, want: "kept"},
	{title: "the same through `services/status`", needs: annotates | statuses, run: ownThroughStatus, want: "kept"},
	{title: "the live object is exported, edited and written back", needs: annotates | selects, run: exported, want: "held"},
	{title: "a Service without a version in its selector is adopted", needs: annotates, run: adoptUnversioned, want: "held"},
	{title: "a Service that is on the target is adopted", needs: annotates, run: adoptOnTarget, want: "adopted"},
	{title: "a Service without a selector is adopted", needs: annotates, run: adoptSelectorless, want: "refused"},
	{title: "released while nothing waits", needs: annotates, run: release, want: "released"},
	{title: "released while a switch waits", needs: annotates, run: releaseHeld, want: "released"},
	{title: "released, and the selector changed in the same write", needs: annotates | selects, run: releaseAndMove, want: "released"},
	{title: "`--dry-run=server`, then the same for real", needs: annotates | shows, run: dryRuns, want: "held"},
	{title: "`kubectl diff`, then the same for real", needs: annotates | diffs, run: diffed, want: "held"},
	{
		title: "forced: `kubectl replace --force`, Helm 3 `--force`, Helm 4 `--force-replace --server-side=false`", needs: annotates | forces,
		run: forced, want: "held",
		except: map[string]exception{
			"kubectl replace": {"re-created", "it deletes the Service first; leave `--force` out"},
		},
	},
	{title: "another webhook changes the selector after bluegreen's", needs: annotates, run: meddled, want: "held", meddler: once},
	{title: "the same, and it insists", needs: annotates, run: meddledWith, want: "refused by the policy", meddler: insists},
}

const replaces = "it replaces the whole object, so what was annotated by hand is gone"

// upgrades asks for three versions in turn, each of which becomes ready later, and rolls back the last.
func (c *cell) upgrades(form func(string) manifest) {
	c.start(form("1.10"))
	for _, version := range []string{"1.11", "1.12", "1.13"} {
		c.record(c.write(form(version)))
		c.becomesReady(version)
	}
	c.setReady("1.12", false)
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
		c.heard(`traffic stays on version`, `kubectl annotate service web -n `+c.namespace+` bluegreen/target-version=`+version+` --overwrite`)
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
	c.byHand("patch", "service", service, "--patch", `{"metadata":{"annotations":{"bluegreen/target-version":"1.10"}},"spec":{"selector":{"version":"1.10"}}}`)
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
	c.setReady("1.11", false)
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
	c.setReady("1.11", false)
	c.record(c.write(both("1.11")))
	c.becomesReady("1.11")
}

func versionRemoved(c *cell) {
	c.start(both("1.10"))
	c.record(c.write(both("1.10").selectsWithout("version")))
}

func emptied(c *cell) {
	c.start(both("1.10"))
	c.record(c.write(both("1.10").selectsWithout("version", "app")))
	c.heard("spec.selector", `all keys but "version" must stay app=web`, "remove that annotation in a write of its own first")
}

func replaced(c *cell) {
	c.start(both("1.10"))
	c.record(c.write(both("1.10").selectsWithout("app").selectsKey("component", "shop")))
	c.heard("spec.selector", `all keys but "version" must stay app=web`, "or create another Service")
}

func keyAdded(c *cell) {
	c.start(both("1.10"))
	c.record(c.write(both("1.11").selectsKey("tier", "front")))
	c.heard("spec.selector", `"app=web,tier=front,version=1.11"`)
}

func badValues(c *cell) {
	c.start(both("1.10"))
	for _, bad := range []struct{ key, value, told string }{
		{bluegreen.TargetVersion, "", "not empty"},
		{bluegreen.TargetVersion, "not a label!", `Invalid value: "not a label!": must be a label value`},
		{bluegreen.VersionLabel, "a b", `Invalid value: "a b": must be a label key`},
		{bluegreen.Ready, "soon", `Unsupported value: "soon": supported values: "minimum", "complete", "match-live"`},
		{bluegreen.InUseProtection, "maybe", `Unsupported value: "maybe": supported values: "enabled", "disabled"`},
		{"bluegreen/target", "1.11", `Unsupported value: "bluegreen/target": supported values: "bluegreen/`},
	} {
		c.record(c.write(both("1.10").with(bad.key, bad.value)))
		c.heard("metadata.annotations", bad.told)
	}
}

func ownEdited(c *cell) {
	c.start(both("1.10"))
	c.write(both("1.11"))
	edited := both("1.11").with(bluegreen.PhaseKey, string(bluegreen.Stable)).with(bluegreen.MessageKey, "all is well")
	c.record(c.write(edited))
	c.heard("metadata.annotations[bluegreen/phase]: is written by bluegreen alone", `"all is well" is not stored`)
	c.record(c.write(both("1.11")))
	c.stillSays(bluegreen.Waiting)
	c.becomesReady("1.11")
}

func ownThroughStatus(c *cell) {
	c.start(both("1.10"))
	c.write(both("1.11"))
	edited := both("1.11").with(bluegreen.PhaseKey, string(bluegreen.Stable)).with(bluegreen.MessageKey, "all is well")
	c.record(c.write(edited, "--subresource=status"))
	c.heard("metadata.annotations[bluegreen/phase]: is written by bluegreen alone", `"all is well" is not stored`)
	c.stillSays(bluegreen.Waiting)
	c.becomesReady("1.11")
}

// stillSays fails the cell if the Service says anything else of itself than bluegreen did.
func (c *cell) stillSays(phase bluegreen.Phase) {
	c.Helper()
	current := c.get()
	if got := current.Annotations[bluegreen.PhaseKey]; got != string(phase) || current.Annotations[bluegreen.MessageKey] == "" {
		c.Errorf("phase %q, message %q", got, current.Annotations[bluegreen.MessageKey])
	}
}

// exported writes all that the live object has, with a new version.
func exported(c *cell) {
	c.start(both("1.10"))
	if c.client.file != nil {
		c.settled()
		live := c.must(c.kubectl("get", "service", service, "--output=yaml")).stdout
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

func adoptUnversioned(c *cell) {
	c.start(plain())
	c.record(c.write(annotated("1.11")))
	c.becomesReady("1.11")
}

func adoptOnTarget(c *cell) {
	c.start(selecting("1.10"))
	c.record(c.write(both("1.10")))
}

func adoptSelectorless(c *cell) {
	c.start(manifest{})
	c.record(c.write(manifest{}.with(bluegreen.TargetVersion, "1.10")))
	c.heard("spec.selector: Required value: a Service with bluegreen/target-version needs a selector to switch")
}

func release(c *cell) {
	c.start(both("1.10"))
	c.record(c.write(selecting("1.10")))
	c.isPlain()
}

func releaseHeld(c *cell) {
	c.start(both("1.10"))
	c.write(both("1.11"))
	c.record(c.write(selecting("1.11")))
	c.isPlain()
	c.staysThough("1.11")
}

func releaseAndMove(c *cell) {
	c.start(both("1.10"))
	c.record(c.write(selecting("1.12")))
	c.heard("bluegreen/target-version removed: bluegreen no longer manages this Service; traffic stays on version 1.10")
	c.isPlain()
}

// isPlain fails the cell if anything of bluegreen's is left on the Service.
func (c *cell) isPlain() {
	c.Helper()
	if left := bluegreen.Annotations(c.get()); len(left) > 0 {
		c.Errorf("left behind: %v", left)
	}
}

func dryRuns(c *cell) {
	c.start(both("1.10"))
	for _, version := range []string{"1.11", "1.12"} { // One while nothing waits, one while something does.
		before := c.settled()
		c.said = c.must(c.client.write(c, both(version), "--dry-run=server", "--output=yaml"))
		shown, after := c.printed(), c.get()
		if after.ResourceVersion != before.ResourceVersion {
			c.Error("a dry run wrote the Service")
		}
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
		if c.get().ResourceVersion != before.ResourceVersion {
			c.Error("kubectl diff wrote the Service")
		}
		c.record(c.write(both(version)))
	}
	c.becomesReady("1.12")
}

func forced(c *cell) {
	c.start(both("1.10"))
	came := c.write(both("1.11"), c.client.force...)
	c.record(came)
	if came == recreated {
		c.moves = append(c.moves, "1.11")
		return
	}
	c.becomesReady("1.11")
}

func meddled(c *cell) {
	c.start(both("1.10"))
	c.record(c.write(both("1.11")))
	c.becomesReady("1.11")
}

func meddledWith(c *cell) {
	c.start(both("1.10"))
	c.record(c.write(both("1.11")))
}
