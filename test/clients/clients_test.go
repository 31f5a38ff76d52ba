//go:build e2e

package clients

import (
	"slices"

	"github.com/bluegreen-k8s/bluegreen/test/harness"
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

// client is one way to write a Service: a program, and how it is called. It is a column of the table.
type client struct {
	name string
	can  powers

	// create brings the Service about. Without it, it is there already.
	create func(*namespace, manifest) harness.Output
	// write makes the Service what a manifest says.
	write func(*namespace, change) harness.Output
	// rollback makes it what it was before the last write; without it, the manifest of before is written.
	rollback func(*namespace) harness.Output
	// force are the arguments of write that force it.
	force []string
	// file is the kubectl command that takes a file, of those clients that are one.
	file []string
}

// change is one write of a client: from what it wrote last to what it wants now.
type change struct {
	was, want manifest
	// flags are of kubectl and Helm; the clients that are no program understand what they need of them.
	flags []string
}

// canGetInto reports whether the client can do all that a situation needs.
func (client client) canGetInto(situation situation) bool {
	return client.can&situation.needs == situation.needs
}

// clients are the columns of the table, in order.
var clients = []client{
	{
		name:  "kubectl annotate",
		can:   annotates | shows,
		write: annotate,
	},
	{
		name:  "kubectl edit",
		can:   annotates | selects | statuses,
		write: edit,
	},
	{
		name:  "kubectl patch",
		can:   annotates | selects | shows | statuses,
		write: patch,
	},
	{
		name:  "kubectl set selector",
		can:   selects | shows,
		write: setSelector,
	},
	kubectlWithFile(client{
		name:   "kubectl apply",
		can:    annotates | selects | declares | shows | diffs,
		create: createFromFile("apply"),
		file:   []string{"apply"},
	}),
	kubectlWithFile(client{
		name:   "apply --server-side",
		can:    annotates | selects | declares | shows | diffs | statuses,
		create: createFromFile("apply", "--server-side"),
		file:   []string{"apply", "--server-side"},
	}),
	{
		name:   "kubectl apply -k",
		can:    annotates | selects | declares | shows | diffs,
		create: createByKustomize,
		write:  kustomize,
	},
	kubectlWithFile(client{
		name:   "kubectl replace",
		can:    annotates | selects | declares | shows | statuses | forces,
		create: createFromFile("create"),
		force:  []string{"--force"},
		file:   []string{"replace"},
	}),
	{
		name:     "Helm 3",
		can:      annotates | selects | declares | forces,
		create:   helm("helm3").install,
		write:    helm("helm3").upgrade,
		rollback: helm("helm3").rollback,
		force:    []string{"--force"},
	},
	{
		name:     "Helm 4",
		can:      annotates | selects | declares | forces,
		create:   helm("helm").install,
		write:    helm("helm").upgrade,
		rollback: helm("helm").rollback,
		force:    []string{"--force-replace", "--server-side=false"},
	},
	{
		name:   "forced server-side",
		can:    annotates | selects | declares | shows | statuses,
		create: createByForce,
		write:  forceApply,
	},
	{
		name:   "PUT, no field manager",
		can:    annotates | selects | declares | shows | statuses,
		create: post,
		write:  put,
	},
}

// kubectlWithFile is a client that writes what is in a file by its kubectl command.
func kubectlWithFile(client client) client {
	client.write = func(ns *namespace, change change) harness.Output {
		return ns.kubectlFile(slices.Concat(client.file, change.flags), marshal(change.want.object()))
	}
	return client
}
