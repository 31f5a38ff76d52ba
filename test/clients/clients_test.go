//go:build e2e

package clients

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/sets"
)

// powers are what a client can say in one write.
type powers int

const (
	annotates powers = 1 << iota
	selects
	// declares: it says everything at once, and what it leaves out is gone, or left alone.
	declares
	// shows: it can ask the API server what would happen, and print that.
	shows
	// diffs: kubectl diff speaks for it.
	diffs
	// statuses: it can write services/status.
	statuses
	// forces: it has a way to replace what it would else change.
	forces
)

// client is one way to write a Service; a column of the table.
type client struct {
	name string
	can  powers

	// file is the kubectl command that takes a file, of those clients that are one.
	file []string
	// create brings the Service about. Without it, it is there already.
	create func(*cell, manifest) said
	// write makes the Service what the manifest says.
	write func(*cell, manifest, ...string) said
	// rollback makes it what it was before the last write; without it, the manifest of before is written.
	rollback func(*cell) said
	// force are the arguments of write that force it.
	force []string
}

// clients are the columns of the table, in order.
var clients = []client{
	{name: "kubectl annotate", can: annotates | shows, write: annotate},
	{name: "kubectl edit", can: annotates | selects | statuses, write: edit},
	{name: "kubectl patch", can: annotates | selects | shows | statuses, write: patch},
	{name: "kubectl set selector", can: selects | shows, write: setSelector},
	{name: "kubectl apply", can: annotates | selects | declares | shows | diffs,
		file: []string{"apply"}, create: kubectlFile("apply"), write: kubectlWrites},
	{name: "apply --server-side", can: annotates | selects | declares | shows | diffs | statuses,
		file: []string{"apply", "--server-side"}, create: kubectlFile("apply", "--server-side"), write: kubectlWrites},
	{name: "kubectl apply -k", can: annotates | selects | declares | shows | diffs, create: kustomizeCreates, write: kustomize},
	{name: "kubectl replace", can: annotates | selects | declares | shows | statuses | forces,
		file: []string{"replace"}, create: kubectlFile("create"), write: kubectlWrites, force: []string{"--force"}},
	{name: "Helm 3", can: annotates | selects | declares | forces,
		create: helmInstall("helm3"), write: helmUpgrade("helm3"), rollback: helmRollback("helm3"), force: []string{"--force"}},
	{name: "Helm 4", can: annotates | selects | declares | forces,
		create: helmInstall("helm"), write: helmUpgrade("helm"), rollback: helmRollback("helm"), force: []string{"--force-replace", "--server-side=false"}},
	{name: "forced server-side", can: annotates | selects | declares | shows | statuses, create: forceCreates, write: force},
	{name: "PUT, no field manager", can: annotates | selects | declares | shows | statuses, create: post, write: put},
}

func annotate(c *cell, m manifest, flags ...string) said {
	args := []string{"annotate", "service", service, "--overwrite"}
	for key, value := range changes(c.last.Annotations, m.Annotations) {
		if value == nil {
			args = append(args, key+"-")
		} else {
			args = append(args, fmt.Sprintf("%s=%s", key, value))
		}
	}
	return c.kubectl(append(args, flags...)...)
}

func setSelector(c *cell, m manifest, flags ...string) said {
	var pairs []string
	for _, key := range sets.List(sets.KeySet(m.Selector)) {
		pairs = append(pairs, key+"="+m.Selector[key])
	}
	return c.kubectl(append([]string{"set", "selector", "service", service, strings.Join(pairs, ",")}, flags...)...)
}

func patch(c *cell, m manifest, flags ...string) said {
	data, err := json.Marshal(m.patch(c.last))
	if err != nil {
		c.Fatal(err)
	}
	return c.kubectl(append([]string{"patch", "service", service, "--patch", string(data)}, flags...)...)
}

// edit is a person with an editor, who is a sed script here.
func edit(c *cell, m manifest, flags ...string) said {
	script := slices.Concat(
		editSection("  annotations:", changes(c.last.Annotations, m.Annotations)),
		editSection("  selector:", changes(c.last.Selector, m.Selector)))
	path := c.file("edit.sed", []byte(strings.Join(script, "\n")+"\n"))
	result := c.runWith([]string{"KUBE_EDITOR=sed -i -f " + path}, "kubectl",
		append([]string{"--namespace", c.namespace, "edit", "service", service}, flags...)...)
	// What is wrong is told in the editor, and in the copy of what was edited.
	if saved := regexp.MustCompile(`stored to "(.*)"`).FindStringSubmatch(result.stderr); saved != nil {
		copied, err := os.ReadFile(saved[1])
		if err != nil {
			c.Fatal(err)
		}
		os.Remove(saved[1])
		result.stderr += string(copied)
	}
	return result
}

// editSection returns the sed commands that change keys under a header.
func editSection(header string, changed map[string]any) []string {
	if len(changed) == 0 {
		return nil
	}
	var script []string
	var lines string
	for _, key := range sets.List(sets.KeySet(changed)) {
		// The key's line goes, and the lines in which a long value goes on.
		script = append(script, fmt.Sprintf(`/^    %s:/{`, strings.ReplaceAll(key, "/", `\/`)), `:next`, `$!N`, `s/\n      .*//`, `t next`, `D`, `}`)
		if changed[key] != nil {
			lines += fmt.Sprintf(`\n    %s: "%s"`, key, changed[key])
		}
	}
	return append(script, fmt.Sprintf(`s|^%s|&%s|`, header, lines))
}

// kubectlFile returns what writes a manifest to a file and has kubectl do something with it.
func kubectlFile(args ...string) func(*cell, manifest) said {
	return func(c *cell, m manifest) said { return c.kubectlFile(args, marshal(m.object())) }
}

func kubectlWrites(c *cell, m manifest, flags ...string) said {
	return c.kubectlFile(slices.Concat(c.client.file, flags), marshal(m.object()))
}

// kustomize keeps the annotations in the kustomization, as an overlay does.
func kustomize(c *cell, m manifest, flags ...string) said {
	return c.kubectl(append([]string{"apply", "--kustomize", c.kustomization(m)}, flags...)...)
}

func kustomizeCreates(c *cell, m manifest) said { return kustomize(c, m) }

func helmInstall(helm string) func(*cell, manifest) said {
	return func(c *cell, m manifest) said { return c.helm(helm, "install", m) }
}

func helmUpgrade(helm string) func(*cell, manifest, ...string) said {
	return func(c *cell, m manifest, flags ...string) said { return c.helm(helm, "upgrade", m, flags...) }
}

func helmRollback(helm string) func(*cell) said {
	return func(c *cell) said { return c.run(helm, "rollback", service, "--namespace", c.namespace) }
}
