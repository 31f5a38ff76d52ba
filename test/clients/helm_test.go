//go:build e2e

package clients

import "github.com/bluegreen-k8s/bluegreen/test/harness"

// helm is the program of one Helm. The manifest is the values of a release of testdata/chart.
type helm string

func (h helm) install(ns *namespace, m manifest) harness.Output {
	return h.run(ns, "install", change{want: m})
}

func (h helm) upgrade(ns *namespace, change change) harness.Output {
	return h.run(ns, "upgrade", change)
}

func (h helm) run(ns *namespace, command string, change change) harness.Output {
	values := ns.file("values.yaml", marshal(change.want))
	args := []string{command, service, "testdata/chart", "--namespace", ns.name, "--values", values}
	return ns.run(string(h), append(args, change.flags...)...)
}

func (h helm) rollback(ns *namespace) harness.Output {
	return ns.run(string(h), "rollback", service, "--namespace", ns.name)
}
