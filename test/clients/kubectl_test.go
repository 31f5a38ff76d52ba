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

	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// The clients that are a command of kubectl.

func (ns *namespace) kubectl(args ...string) harness.Output {
	ns.Helper()
	return ns.run("kubectl", append([]string{"--namespace", ns.name}, args...)...)
}

// kubectlFile has kubectl do something with a file.
func (ns *namespace) kubectlFile(args []string, content []byte) harness.Output {
	ns.Helper()
	return ns.kubectl(slices.Concat(args, []string{"--filename", ns.file("service.yaml", content)})...)
}

// createFromFile returns what writes a manifest to a file and has kubectl do something with it.
func createFromFile(args ...string) func(*namespace, manifest) harness.Output {
	return func(ns *namespace, m manifest) harness.Output { return ns.kubectlFile(args, marshal(m.object())) }
}

func annotate(ns *namespace, change change) harness.Output {
	args := []string{"annotate", "service", service, "--overwrite"}
	for key, value := range change.annotations() {
		if value == nil {
			args = append(args, key+"-")
		} else {
			args = append(args, fmt.Sprintf("%s=%s", key, value))
		}
	}
	return ns.kubectl(append(args, change.flags...)...)
}

func setSelector(ns *namespace, change change) harness.Output {
	var pairs []string
	for _, key := range sets.List(sets.KeySet(change.want.Selector)) {
		pairs = append(pairs, key+"="+change.want.Selector[key])
	}
	return ns.kubectl(append([]string{"set", "selector", "service", service, strings.Join(pairs, ",")}, change.flags...)...)
}

func patch(ns *namespace, change change) harness.Output {
	data, err := json.Marshal(change.patch())
	if err != nil {
		ns.Fatal(err)
	}
	return ns.kubectl(append([]string{"patch", "service", service, "--patch", string(data)}, change.flags...)...)
}

// kustomize keeps the annotations in the kustomization, as an overlay does.
func kustomize(ns *namespace, change change) harness.Output {
	return ns.kubectl(append([]string{"apply", "--kustomize", ns.kustomization(change.want)}, change.flags...)...)
}

func createByKustomize(ns *namespace, m manifest) harness.Output {
	return kustomize(ns, change{want: m})
}

// kustomization writes a base with the selector and an overlay that adds the annotations, and returns its directory.
func (ns *namespace) kustomization(m manifest) string {
	ns.Helper()
	ns.file("base.yaml", marshal(manifest{Selector: m.Selector}.object()))
	overlay := map[string]any{"resources": []string{"base.yaml"}}
	if len(m.Annotations) > 0 {
		patch := map[string]any{
			"apiVersion": "v1",
			"kind":       "Service",
			"metadata":   map[string]any{"name": service, "annotations": m.Annotations},
		}
		overlay["patches"] = []any{map[string]any{"patch": string(marshal(patch))}}
	}
	ns.file("kustomization.yaml", marshal(overlay))
	return ns.dir
}

// edit is a person with an editor, who is a sed script here.
func edit(ns *namespace, change change) harness.Output {
	script := slices.Concat(editSection("  annotations:", change.annotations()), editSection("  selector:", change.selector()))
	path := ns.file("edit.sed", []byte(strings.Join(script, "\n")+"\n"))
	result := harness.TryWith(ns, []string{"KUBE_EDITOR=sed -i -f " + path}, "kubectl",
		append([]string{"--namespace", ns.name, "edit", "service", service}, change.flags...)...)
	// What is wrong is told in the editor, and in the copy of what was edited.
	if saved := regexp.MustCompile(`stored to "(.*)"`).FindStringSubmatch(result.Stderr); saved != nil {
		copied, err := os.ReadFile(saved[1])
		if err != nil {
			ns.Fatal(err)
		}
		os.Remove(saved[1])
		result.Stderr += string(copied)
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
		script = append(script, fmt.Sprintf(`/^    %s:/{`, strings.ReplaceAll(key, "/", `\/`)))
		// The key's line goes, and the lines in which a long value goes on.
		script = append(script, `:next`, `$!N`, `s/\n      .*//`, `t next`, `D`, `}`)
		if changed[key] != nil {
			lines += fmt.Sprintf(`\n    %s: "%s"`, key, changed[key])
		}
	}
	return append(script, fmt.Sprintf(`s|^%s|&%s|`, header, lines))
}
