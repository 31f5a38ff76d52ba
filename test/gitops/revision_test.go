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
}

var (
	// versioned has one Deployment, named by version.
	versioned = form{
		title:  "a Deployment for each version",
		chart:  "versioned",
		values: func(r revision) []string { return []string{"version=" + r.live} },
	}
	// slots has a blue and a green Deployment. The versions go into them by turns.
	slots = form{title: "two slots", chart: "slots", values: revision.slotValues}
)

// revision is a version of the application as a commit has it.
type revision struct {
	live  string
	slots [2]string
	// slot is the one of the live version.
	slot int
}

func firstRevision() revision { return revision{live: "1.10", slots: [2]string{"1.10", "1.11"}} }

// slotValues are the values of the chart with two slots.
func (r revision) slotValues() []string {
	replicas := []int{0, 0}
	replicas[r.slot] = 2
	return []string{
		"live=" + r.live,
		"startup=0",
		"blue.version=" + r.slots[0],
		fmt.Sprintf("blue.replicas=%d", replicas[0]),
		"green.version=" + r.slots[1],
		fmt.Sprintf("green.replicas=%d", replicas[1]),
	}
}

// next is the revision that asks for another version, in the slot that is free.
func (r revision) next(version string) revision {
	r.live, r.slot = version, 1-r.slot
	r.slots[r.slot] = version
	return r
}

// deployment is the name of the Deployment of the live version.
func (r revision) deployment(f form) string {
	if f.chart == versioned.chart {
		return "nginx-" + r.live
	}
	return []string{"nginx-blue", "nginx-green"}[r.slot]
}

// render returns the revision's manifest.
func (r revision) render(t testing.TB, f form, values ...string) string {
	t.Helper()
	set := strings.Join(append(f.values(r), values...), ",")
	return harness.Run(t, "helm", "template", "app", "../e2e/testdata/"+f.chart, "--set-string", set).Stdout
}
