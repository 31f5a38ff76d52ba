package render

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/view"
)

// node is an object of the tree: its row, in which the first cell is its name, and what is below it.
type node struct {
	cells []Span
	notes []Line
	below []node
}

// tree draws the Service with all below it.
func tree(of view.View) Lines {
	top := service(of, of.Service, "")
	for _, led := range of.Led {
		role := "follower"
		if led.Preview {
			role = "preview"
		}
		top.below = append(top.below, service(of, led, role))
	}
	header := row{cells: plain("NAME", "ROLE", "READY", "STATUS", "RESTARTS", "AGE")}
	return table(append([]row{header}, rows(top, "", "")...))
}

// rows returns the rows of a node and of all below it. first is what stands before its name, and rest before the lines that follow.
func rows(of node, first, rest string) []row {
	cells := slices.Clone(of.cells)
	cells[0].Text = first + cells[0].Text
	stem := rest + "   "
	if len(of.below) > 0 {
		stem = rest + "│  "
	}
	top := row{cells: cells}
	for _, note := range of.notes {
		top.notes = append(top.notes, append(text(stem), note...))
	}
	all := []row{top}
	for i, child := range of.below {
		branch, stem := "├─ ", "│  "
		if i == len(of.below)-1 {
			branch, stem = "└─ ", "   "
		}
		all = append(all, rows(child, rest+branch, rest+stem)...)
	}
	return all
}

func service(of view.View, service view.Service, role string) node {
	ready, all := 0, 0
	for _, endpoints := range service.Endpoints {
		ready, all = ready+endpoints.Ready, all+endpoints.All
	}
	status := Span{Text: cmp.Or(string(service.Phase()), "-"), Style: styleOf(service.Phase())}
	made := node{cells: []Span{{Text: "Service " + service.Name, Style: Bold}, {Text: role}, share(ready, all), status, {},
		{Text: age(of, service.CreationTimestamp.Time)}}}
	if role != "" && service.Message() != "" {
		made.notes = append(made.notes, Line{{Text: service.Message(), Style: Busy}})
	}
	for _, deployment := range service.Deployments {
		made.below = append(made.below, ofDeployment(of, deployment))
	}
	for _, job := range service.Jobs {
		made.below = append(made.below, ofJob(of, job))
	}
	return made
}

func ofDeployment(of view.View, deployment view.Deployment) node {
	want, have := int(bluegreen.Replicas(deployment.Deployment)), int(deployment.Status.ReadyReplicas)
	status, style := stateOf(deployment)
	made := node{cells: []Span{{Text: "Deployment " + deployment.Name}, {Text: string(deployment.Role), Style: styleOfRole(deployment.Role)},
		share(have, want), {Text: status, Style: style}, {}, {Text: age(of, deployment.CreationTimestamp.Time)}}}
	if trouble := deployment.Trouble(); trouble != "" {
		made.notes = append(made.notes, Line{{Text: trouble, Style: Bad}})
	}
	for _, set := range deployment.ReplicaSets {
		below := node{cells: []Span{{Text: "ReplicaSet " + set.Name}, {}, share(int(set.Status.ReadyReplicas), int(set.Status.Replicas)), {}, {},
			{Text: age(of, set.CreationTimestamp.Time)}}}
		for _, pod := range set.Pods {
			below.below = append(below.below, ofPod(of, pod))
		}
		made.below = append(made.below, below)
	}
	return made
}

// stateOf returns the state of a Deployment in one word.
func stateOf(deployment view.Deployment) (string, Style) {
	switch {
	case deployment.DeletionTimestamp != nil:
		return "Deleted", Busy
	case bluegreen.RolloutHeld(deployment.Deployment):
		return "RolloutHeld", Busy
	case deployment.Spec.Paused:
		return "Paused", Busy
	case bluegreen.Replicas(deployment.Deployment) == 0:
		return "ScaledToZero", Faint
	case deployment.Available():
		return "Available", Good
	default:
		return "NotAvailable", Busy
	}
}

func styleOfRole(role view.Role) Style {
	switch role {
	case view.Live:
		return Good
	case view.Target:
		return Busy
	default:
		return Faint
	}
}

func ofPod(of view.View, pod view.Pod) node {
	ready := 0
	for _, status := range pod.Status.ContainerStatuses {
		if status.Ready {
			ready++
		}
	}
	status := Span{Text: pod.State, Style: Busy}
	if pod.Ready() || pod.State == view.Completed {
		status.Style = Good
	}
	made := node{cells: []Span{{Text: "Pod " + pod.Name}, {}, share(ready, len(pod.Spec.Containers)), status,
		{Text: fmt.Sprint(pod.Restarts())}, {Text: age(of, pod.CreationTimestamp.Time)}}}
	switch {
	case pod.Look != "":
		made.notes = append(made.notes, Line{{Text: pod.Why, Style: Bad}}, Line{{Text: pod.Look, Style: Faint}})
	case pod.Why != "":
		made.notes = append(made.notes, Line{{Text: pod.Why, Style: Busy}})
	}
	return made
}

func ofJob(of view.View, job view.Job) node {
	styles := map[bluegreen.CheckResult]Style{bluegreen.CheckSucceeded: Good, bluegreen.CheckFailed: Bad}
	status := Span{Text: job.State(), Style: cmp.Or(styles[job.Result], Busy)}
	made := node{cells: []Span{{Text: "Job " + job.Name}, {Text: "check of " + job.Version},
		share(int(job.Status.Succeeded), job.Completions()), status, {}, {Text: age(of, job.CreationTimestamp.Time)}}}
	if job.Result == bluegreen.CheckSucceeded {
		return made
	}
	if job.Why != "" {
		made.notes = append(made.notes, Line{{Text: job.Why, Style: Bad}})
	}
	made.notes = append(made.notes, Line{{Text: job.Look(), Style: Faint}})
	for _, pod := range job.Pods {
		made.below = append(made.below, ofPod(of, pod))
	}
	return made
}

// share draws so many of all.
func share(some, all int) Span {
	style := Good
	if some < all {
		style = Busy
	}
	return Span{Text: fmt.Sprintf("%d/%d", some, all), Style: style}
}
