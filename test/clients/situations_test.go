//go:build e2e

package clients

// situation is a row of the table: what is done, and what must come of it.
type situation struct {
	title string
	// needs are the powers without which a client cannot get into it.
	needs powers
	run   func(*cell)
	// meddler, if any, is another webhook that comes after bluegreen's.
	meddler meddler
	want    expectation
}

const replaces = "it replaces the whole object, so what was annotated by hand is gone"

// situations are the rows of the table, in order. A client's first version is 1.10 in all of them.
var situations = []situation{
	{
		title: "three upgrades in a row and a rollback; version in annotation and selector",
		needs: annotates | selects,
		run:   func(c *cell) { c.upgrades(both) },
		want:  expectation{outcome: "held"},
	},
	{
		title: "the same; version in the annotation alone",
		needs: annotates,
		run:   func(c *cell) { c.upgrades(annotated) },
		want:  expectation{outcome: "held"},
	},
	{
		title: "the same; version in the selector alone, annotation by hand",
		needs: selects,
		run:   selectorAlone,
		want: expectation{
			outcome: "kept",
			except: map[string]exception{
				"kubectl replace":       {outcome: "given back", why: replaces},
				"PUT, no field manager": {outcome: "given back", why: replaces},
			},
		},
	},
	{
		title: "the same; `kubectl annotate` and `kubectl patch` by hand in between",
		needs: annotates,
		run:   handsInBetween,
		want:  expectation{outcome: "held"},
	},
	{
		title: "the same manifest again while nothing waits",
		needs: annotates,
		run:   againStable,
		want:  expectation{outcome: "no-op", exact: true},
	},
	{
		title: "the same manifest again while a switch waits",
		needs: annotates,
		run:   againHeld,
		want:  expectation{outcome: "no-op", exact: true},
	},
	{
		title: "the same manifest again while a version waits for approval (`bluegreen/promotion: manual`)",
		needs: annotates,
		run:   againPaused,
		want:  expectation{outcome: "no-op", exact: true},
	},
	{
		title: "the same manifest again while a version is checked (`bluegreen/pre-promotion-check`)",
		needs: annotates,
		run:   againChecking,
		want:  expectation{outcome: "no-op", exact: true},
	},
	{
		title: "the same manifest again after the ask has failed (`bluegreen/deadline`)",
		needs: annotates,
		run:   againFailed,
		want:  expectation{outcome: "no-op", exact: true},
	},
	{
		title: "the same manifest again after a rollback (`bluegreen/auto-rollback`)",
		needs: annotates,
		run:   againRolledBack,
		want:  expectation{outcome: "no-op", exact: true},
	},
	{
		title: "the same manifest again after the switch",
		needs: annotates,
		run:   againAfter,
		want:  expectation{outcome: "no-op", exact: true},
	},
	{
		title: "the same manifest again after somebody asked for the next version by hand",
		needs: annotates,
		run:   againOvertaken,
		want:  expectation{outcome: "held"},
	},
	{
		title: "annotation and selector name two new versions",
		needs: annotates | selects,
		run:   twoVersions,
		want:  expectation{outcome: "held"},
	},
	{
		title: "another version is asked for while one waits",
		needs: annotates,
		run:   secondAsk,
		want:  expectation{outcome: "held"},
	},
	{
		title: "the ask is withdrawn while it waits (Helm: `rollback`)",
		needs: annotates,
		run:   withdraw,
		want:  expectation{outcome: "withdrawn"},
	},
	{
		title: "the ask is withdrawn by hand while it waits, and made again",
		needs: annotates,
		run:   withdrawByHand,
		want:  expectation{outcome: "held"},
	},
	{
		title: "the version is removed from the selector",
		needs: selects,
		run:   versionRemoved,
		want:  expectation{outcome: "kept"},
	},
	{
		title: "the selector is emptied",
		needs: selects | annotates,
		run:   emptied,
		want:  expectation{outcome: "refused"},
	},
	{
		title: "the selector is replaced by another",
		needs: selects,
		run:   replaced,
		want:  expectation{outcome: "refused"},
	},
	{
		title: "the selector gets another key",
		needs: selects,
		run:   keyAdded,
		want:  expectation{outcome: "refused"},
	},
	{
		title: "bad values of every annotation",
		needs: annotates,
		run:   badValues,
		want:  expectation{outcome: "refused"},
	},
	{
		title: "bluegreen's own annotations are edited, then deleted",
		needs: annotates,
		run:   ownEdited,
		want:  expectation{outcome: "kept"},
	},
	{
		title: "the same through `services/status`",
		needs: annotates | statuses,
		run:   ownThroughStatus,
		want:  expectation{outcome: "kept"},
	},
	{
		title: "the live object is exported, edited and written back",
		needs: annotates | selects,
		run:   exported,
		want:  expectation{outcome: "held"},
	},
	{
		title: "a Service without a version in its selector is adopted",
		needs: annotates,
		run:   adoptUnversioned,
		want:  expectation{outcome: "held"},
	},
	{
		title: "a Service that is on the target is adopted",
		needs: annotates,
		run:   adoptOnTarget,
		want:  expectation{outcome: "adopted"},
	},
	{
		title: "a Service without a selector is adopted",
		needs: annotates,
		run:   adoptSelectorless,
		want:  expectation{outcome: "refused"},
	},
	{
		title: "given back while nothing waits",
		needs: annotates,
		run:   giveBack,
		want:  expectation{outcome: "given back"},
	},
	{
		title: "given back while a switch waits",
		needs: annotates,
		run:   giveBackHeld,
		want:  expectation{outcome: "given back"},
	},
	{
		title: "given back, and the selector changed in the same write",
		needs: annotates | selects,
		run:   giveBackAndMove,
		want:  expectation{outcome: "given back"},
	},
	{
		title: "a follower (`bluegreen/follows`): the same manifest again, at rest, while its leader waits, after the switch",
		needs: annotates,
		run:   followerAgain,
		want:  expectation{outcome: "no-op", exact: true},
	},
	{
		title: "a Service is made a follower of one that is on the same version",
		needs: annotates,
		run:   followerAdopted,
		want:  expectation{outcome: "adopted"},
	},
	{
		title: "a follower is given back while its leader waits",
		needs: annotates,
		run:   followerGivenBack,
		want:  expectation{outcome: "given back"},
	},
	{
		title: "a follower gets an option that its leader has",
		needs: annotates,
		run:   followerWithOptions,
		want:  expectation{outcome: "refused"},
	},
	{
		title: "`--dry-run=server`, then the same for real",
		needs: annotates | shows,
		run:   dryRuns,
		want:  expectation{outcome: "held"},
	},
	{
		title: "`kubectl diff`, then the same for real",
		needs: annotates | diffs,
		run:   diffed,
		want:  expectation{outcome: "held"},
	},
	{
		title: "forced: `kubectl replace --force`, Helm 3 `--force`, Helm 4 `--force-replace --server-side=false`",
		needs: annotates | forces,
		run:   forced,
		want: expectation{
			outcome: "held",
			except: map[string]exception{
				"kubectl replace": {outcome: "re-created", why: "it deletes the Service first; leave `--force` out"},
			},
		},
	},
	{
		title:   "another webhook changes the selector after bluegreen's",
		needs:   annotates,
		run:     meddled,
		meddler: once,
		want:    expectation{outcome: "held"},
	},
	{
		title:   "the same, and it insists",
		needs:   annotates,
		run:     meddledInsistently,
		meddler: insists,
		want:    expectation{outcome: "refused by the policy"},
	},
}
