//go:build e2e

package gitops

import (
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

// versioned has one Deployment, named by version.
var versioned = form{
	title:  "a Deployment for each version",
	chart:  "versioned",
	values: func(r revision) []string { return []string{"version=" + r.live} },
}

// revision is a version of the application as a commit has it.
type revision struct{ live string }

func firstRevision() revision { return revision{"1.10"} }

// next is the revision that asks for another version.
func (revision) next(version string) revision { return revision{version} }

// deployment is the name of the Deployment of the live version.
func (r revision) deployment() string { return "nginx-" + r.live }

// render returns the revision's manifest.
func (r revision) render(t testing.TB, f form, values ...string) string {
	t.Helper()
	set := strings.Join(append(f.values(r), values...), ",")
	return harness.Run(t, "helm", "template", "app", "../e2e/testdata/"+f.chart, "--set-string", set).Stdout
}
