package view

import (
	"fmt"
	"slices"
	"time"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// Step is something that happens next.
type Step struct {
	// What is a sentence. If At is not zero, it goes on with that instant.
	What string
	At   time.Time
}

// next returns what happens next to the Service, and to the Deployments below it and the Services that it leads.
func next(view View) []Step {
	steps := slices.Concat(asks(view.Service), window(view.Service))
	for _, job := range view.Service.Jobs {
		steps = append(steps, job.ends()...)
	}
	for _, service := range append([]Service{view.Service}, view.Led...) {
		for _, deployment := range service.Deployments {
			steps = append(steps, stepsOf(view, deployment)...)
		}
	}
	return steps
}

// asks returns what comes of what a Service is asked for.
func asks(service Service) []Step {
	command := func(verb string) string {
		return fmt.Sprintf("kubectl bluegreen %s %s -n %s", verb, service.Name, service.Namespace)
	}
	switch {
	case !service.Pending() || service.Leader != "":
		return nil
	case service.GivenUp() != "":
		return []Step{{What: fmt.Sprintf("traffic stays on %s until somebody asks anew: %s, or %s", service.Describe(), command("retry"),
			command("withdraw"))}}
	case service.Phase() == bluegreen.Checking:
		return []Step{{What: fmt.Sprintf("traffic moves to version %s once its check by %s has succeeded%s", service.Target,
			checker(service), andApproved(service))}}
	case service.Phase() == bluegreen.Paused:
		return []Step{{What: fmt.Sprintf("traffic moves to version %s once it is approved: %s", service.Target, command("promote"))}}
	default:
		moves := Step{What: fmt.Sprintf("traffic moves to version %s once it is ready", service.Target)}
		return append([]Step{moves}, deadline(service)...)
	}
}

// checker returns what checks the version that a Service is asked for: a Job, once there is one.
func checker(service Service) string {
	after, _ := service.After()
	for _, record := range bluegreen.CheckRecords(service.Service.Service) {
		if record.Result == "" && !after.Is(record) {
			return "Job " + record.Job
		}
	}
	return "CronJob " + service.CheckBefore
}

// andApproved returns what is missing besides a check.
func andApproved(service Service) string {
	if service.Approved() {
		return ""
	}
	return ", and it is approved"
}

// deadline returns when the ask of a Service fails.
func deadline(service Service) []Step {
	attempt, found := service.Attempt()
	if !found || service.Deadline == nil || attempt.Outcome == bluegreen.OutcomeReady {
		return nil
	}
	return []Step{{What: fmt.Sprintf("the ask fails (%s) unless version %s is ready by", bluegreen.Deadline, service.Target),
		At: attempt.Since.Add(*service.Deadline)}}
}

// window returns until when traffic returns by itself.
func window(service Service) []Step {
	last, end, watched := service.Window()
	if !watched || last.Judged() || service.Leader != "" {
		return nil
	}
	breaks := fmt.Sprintf("version %s breaks", last.To)
	if check, asked := service.After(); asked {
		if record, started := service.RecordOf(check); started && record.Result == "" {
			breaks += fmt.Sprintf(", or Job %s fails,", check.Job)
		}
	}
	return []Step{{What: fmt.Sprintf("traffic returns to version %s (%s) if %s by", last.From, bluegreen.AutoRollback, breaks), At: end}}
}

// stepsOf returns what happens next to a Deployment.
func stepsOf(view View, deployment Deployment) []Step {
	name := "Deployment " + deployment.Name
	var steps []Step
	if bluegreen.RolloutHeld(deployment.Deployment) {
		steps = append(steps, Step{What: name + " rolls out once traffic has left it"})
	}
	if _, held := bluegreen.ParseScaleDown(deployment.Annotations[bluegreen.ScaleToZeroAfter]); held {
		steps = append(steps, Step{What: name + " goes to 0 replicas once traffic has left it"})
	}
	if deployment.DeletionTimestamp != nil && bluegreen.Protected(deployment.Deployment) {
		steps = append(steps, Step{What: name + " goes, since it is deleted, once traffic has left it"})
	}
	if deployment.Role == Draining {
		steps = append(steps, drains(view.Service, name))
	}
	return append(steps, retires(view, deployment, name)...)
}

// drains returns until when a Deployment is kept that traffic has left.
func drains(service Service, name string) Step {
	last, found := service.LastSwitch()
	if !found || service.Drain == nil {
		return Step{What: name + " is kept while it drains (30s, unless the installation says otherwise)"}
	}
	return Step{What: fmt.Sprintf("%s is kept while it drains (%s), until about", name, bluegreen.Drain), At: last.At.Add(*service.Drain)}
}

// retires returns when a Deployment goes to 0 replicas because its Service says so.
func retires(view View, deployment Deployment, name string) []Step {
	left, noted := bluegreen.LeftOf(deployment.Deployment)
	if !noted || left.Service != view.Service.Name || view.Service.RetireAfter == nil {
		return nil
	}
	return []Step{{What: fmt.Sprintf("%s goes to 0 replicas (%s) at", name, bluegreen.RetireAfter),
		At: left.At.Add(*view.Service.RetireAfter)}}
}
