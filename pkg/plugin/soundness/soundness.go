// Package soundness says whether bluegreen's installations in a cluster are sound, as a pure function of what could be read of them.
package soundness

import (
	"fmt"
	"strings"
)

// State is what a check has come to.
type State string

// States.
const (
	// OK: it is as it should be.
	OK State = "OK"

	// Unknown: who asks may not read it, or it could not be read.
	Unknown State = "Unknown"

	// Trouble: somebody has to do something, and the finding says what.
	Trouble State = "Trouble"
)

// Finding is what one check has found.
type Finding struct {
	State State  `json:"state"`
	Check string `json:"check"`

	// Installation is the one that it is about, as NAMESPACE/NAME; empty if it is about the cluster.
	Installation string `json:"installation,omitempty"`

	Message string `json:"message"`
}

// check is one look at an installation. Its findings say nothing of themselves but state and message.
type check struct {
	name string
	find func(Facts, Installation) []Finding
}

// checks are what is looked at, in the order in which it is told.
var checks = []check{
	{"Version", versions},
	{"Deployment", deployment},
	{"Leader", leader},
	{"Webhook configuration", configuration},
	{"Webhook", webhook},
	{"CA bundle", bundle},
	{"Certificate", certificate},
	{"Policies", policies},
	{"Rights", rights},
}

// What is looked at once in a cluster, and does not tell whether bluegreen is there.
const (
	clusterVersion  = "Kubernetes"
	managedServices = "Services"
)

// Find returns what there is to say about a cluster and the installations in it.
func Find(facts Facts) []Finding {
	findings := named(clusterVersion, "", kubernetes(facts))
	if len(facts.Installations) == 0 {
		findings = append(findings, named("Installation", "", none(facts))...)
	}
	if facts.Asked != nil {
		findings = append(findings, named("Webhook", "", asked(*facts.Asked))...)
	}
	for _, installation := range facts.Installations {
		for _, check := range checks {
			findings = append(findings, named(check.name, installation.String(), check.find(facts, installation))...)
		}
	}
	return append(findings, named(managedServices, "", services(facts))...)
}

func named(check, installation string, findings []Finding) []Finding {
	for i := range findings {
		findings[i].Check, findings[i].Installation = check, installation
	}
	return findings
}

// Verdict returns an error unless all is well. What cannot be known is no error, as long as something of an installation is.
func Verdict(findings []Finding) error {
	troubles, known := 0, false
	for _, finding := range findings {
		if finding.State == Trouble {
			troubles++
		}
		known = known || finding.State == OK && finding.Check != clusterVersion && finding.Check != managedServices
	}
	switch {
	case troubles > 0:
		return fmt.Errorf("%d of %d findings are in state %s: each says what to do", troubles, len(findings), Trouble)
	case !known:
		return fmt.Errorf("no installation of bluegreen could be looked at: each finding in state %s says why", Unknown)
	default:
		return nil
	}
}

func ok(format string, args ...any) Finding { return finding(OK, format, args...) }

func trouble(format string, args ...any) Finding { return finding(Trouble, format, args...) }

// unknown says what cannot be known, and why.
func unknown(what string, why error) Finding {
	return finding(Unknown, "Cannot know %s: %v", what, why)
}

// finding returns one whose message is a single line, also if there are several errors in it.
func finding(state State, format string, args ...any) Finding {
	return Finding{State: state, Message: strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", "; ")}
}
