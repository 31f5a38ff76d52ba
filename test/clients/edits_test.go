//go:build e2e

package clients

import "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"

// What asks for nothing new: edits of the selector and of annotations, adopting a Service, and giving it back.

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
		{
			key:   bluegreen.TargetVersion,
			value: "",
			told:  "not empty",
		},
		{
			key:   bluegreen.TargetVersion,
			value: "not a label!",
			told:  `Invalid value: "not a label!": must be a label value`,
		},
		{
			key:   bluegreen.VersionLabel,
			value: "a b",
			told:  `Invalid value: "a b": must be a label key`,
		},
		{
			key:   bluegreen.Ready,
			value: "soon",
			told:  `Unsupported value: "soon": supported values: "minimum", "complete", "match-live"`,
		},
		{
			key:   bluegreen.InUseProtection,
			value: "maybe",
			told:  `Unsupported value: "maybe": supported values: "enabled", "disabled"`,
		},
		{
			key:   bluegreen.Drain,
			value: "-1s",
			told:  `Invalid value: "-1s": must be a duration of 0s or more`,
		},
		{
			key:   bluegreen.Promote,
			value: "later",
			told:  `Unsupported value: "later": supported values: "auto", "manual"`,
		},
		{
			key:   bluegreen.ApprovedVersion,
			value: "",
			told:  "not empty",
		},
		{
			key:   bluegreen.Deadline,
			value: "0s",
			told:  `Invalid value: "0s": must be a duration of more than 0s`,
		},
		{
			key:   bluegreen.AutoRollback,
			value: "10s",
			told:  `Invalid value: "10s": must be a duration of more than 10s`,
		},
		{
			key:   "bluegreen/target",
			value: "1.11",
			told:  `Unsupported value: "bluegreen/target": supported values: "bluegreen/`,
		},
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
	c.record(c.writeWith([]string{"--subresource=status"}, edited))
	c.heard("metadata.annotations[bluegreen/phase]: is written by bluegreen alone", `"all is well" is not stored`)
	c.stillSays(bluegreen.Waiting)
	c.becomesReady("1.11")
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

func giveBack(c *cell) {
	c.start(both("1.10"))
	c.record(c.write(selecting("1.10")))
	c.isPlain()
}

func giveBackHeld(c *cell) {
	c.start(both("1.10"))
	c.write(both("1.11"))
	c.record(c.write(selecting("1.11")))
	c.isPlain()
	c.staysThough("1.11")
}

func giveBackAndMove(c *cell) {
	c.start(both("1.10"))
	c.record(c.write(selecting("1.12")))
	c.heard("bluegreen/target-version removed: bluegreen no longer manages this Service; traffic stays on version 1.10")
	c.isPlain()
}
