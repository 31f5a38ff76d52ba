//go:build e2e

package gitops

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// form is how an application's manifests are arranged: a chart, and a revision as its values.
type form struct {
	title  string
	chart  string
	values func(revision) []string
	// deployment is the name of the Deployment of the live version.
	deployment func(revision) string
	// vacates waits until a Deployment that traffic has left is what the newest commit says of it.
	vacates func(c *cell, deployment string)
}

var (
	// versioned has one Deployment, named by version.
	versioned = form{
		title: "a Deployment for each version",
		chart: "versioned",
		values: func(r revision) []string {
			return []string{"version=" + r.live, "wave=" + r.wave, "startup=" + r.startup}
		},
		deployment: func(r revision) string { return "nginx-" + r.live },
		vacates:    (*cell).ends,
	}
	// slots has a blue and a green Deployment. The versions go into them by turns.
	slots = form{
		title:      "two slots",
		chart:      "slots",
		values:     revision.slotValues,
		deployment: func(r revision) string { return "nginx-" + slotNames[r.slot] },
		vacates:    (*cell).frees,
	}
	slotNames = [2]string{"blue", "green"}
)

// revision is a version of the application as a commit has it.
type revision struct {
	live string
	// slots are the versions of blue and green, and slot is the one of the live version.
	slots [2]string
	slot  int
	// wave is the sync wave of the Service; that of the Deployment is 0, which is Argo CD's default.
	wave string
	// startup is how many seconds a pod of the live version needs before it is ready.
	startup string
}

func firstRevision() revision {
	return revision{live: "1.10", slots: [2]string{"1.10", "1.11"}, startup: "0"}
}

// next is the revision that asks for another version, in the slot that is free.
func (r revision) next(version string) revision {
	r.live, r.slot = version, 1-r.slot
	r.slots[r.slot] = version
	return r
}

// replicas are those of a slot.
func (r revision) replicas(slot int) int32 {
	if slot == r.slot {
		return 2
	}
	return 0
}

// slotValues are the values of the chart with two slots.
func (r revision) slotValues() []string {
	values := []string{"live=" + r.live, "startup=0", slotNames[r.slot] + ".startup=" + r.startup}
	for slot, name := range slotNames {
		values = append(values, name+".version="+r.slots[slot], fmt.Sprintf("%s.replicas=%d", name, r.replicas(slot)))
	}
	return values
}

// render returns the revision's manifest.
func (r revision) render(t testing.TB, f form, values ...string) string {
	t.Helper()
	set := strings.Join(append(f.values(r), values...), ",")
	return harness.Run(t, "helm", "template", "app", "../e2e/testdata/"+f.chart, "--set-string", set).Stdout
}
