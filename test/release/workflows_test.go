// Package release tests what makes a release, besides its files, which test/manifests has.
package release

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// workflow is what these tests read of a workflow.
type workflow struct {
	Permissions map[string]string `json:"permissions"`
	Jobs        map[string]job    `json:"jobs"`
}

type job struct {
	Strategy struct {
		Matrix struct {
			Target []string `json:"target"`
		} `json:"matrix"`
	} `json:"strategy"`
	Steps []struct {
		Uses string `json:"uses"`
		Run  string `json:"run"`
	} `json:"steps"`
}

var (
	pinned  = regexp.MustCompile(`^[\w-]+/[\w-]+@[0-9a-f]{40}$`)
	command = regexp.MustCompile(`^(?:sudo --preserve-env=HOME env "PATH=\$PATH" )?make ([a-z0-9-]+|\$\{\{ matrix\.target \}\})$`)
)

// TestWorkflowsRunMake wants actions pinned to a commit, and targets of the Makefile for everything else.
func TestWorkflowsRunMake(t *testing.T) {
	makefile := read(t, "Makefile")
	for name, flow := range workflows(t) {
		if len(flow.Permissions) != 1 || flow.Permissions["contents"] != "read" {
			t.Errorf("%s has the permissions %v, want contents: read alone; a job that needs more says so itself", name, flow.Permissions)
		}
		for id, job := range flow.Jobs {
			for _, target := range targets(t, name+", job "+id, job) {
				if !strings.Contains(makefile, "\n.PHONY: "+target+"\n") {
					t.Errorf("%s, job %s: the Makefile has no target %s", name, id, target)
				}
			}
		}
	}
}

// targets returns what a job makes.
func targets(t *testing.T, name string, job job) []string {
	t.Helper()
	made := job.Strategy.Matrix.Target
	for _, step := range job.Steps {
		if step.Uses != "" && !pinned.MatchString(step.Uses) {
			t.Errorf("%s: %s is not pinned to a commit", name, step.Uses)
		}
		match := command.FindStringSubmatch(step.Run)
		switch {
		case step.Run == "":
		case match == nil:
			t.Errorf("%s: %q is not a target of the Makefile", name, step.Run)
		case !strings.HasPrefix(match[1], "$"):
			made = append(made, match[1])
		}
	}
	return made
}

func workflows(t *testing.T) map[string]workflow {
	t.Helper()
	files, err := filepath.Glob("../../.github/workflows/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no workflows: %v", err)
	}
	all := map[string]workflow{}
	for _, file := range files {
		var flow workflow
		if err := yaml.Unmarshal([]byte(read(t, ".github/workflows/"+filepath.Base(file))), &flow); err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(file)] = flow
	}
	return all
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("../..", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
