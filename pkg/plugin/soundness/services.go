package soundness

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// long is how long an ask may wait before somebody should look, as in the alert of the chart.
const long = time.Hour

// services tells of each managed Service that is in trouble.
func services(facts Facts) []Finding {
	if facts.Services.Err != nil {
		return []Finding{unknown("how the Services are", facts.Services.Err)}
	}
	var findings []Finding
	managed := 0
	for _, service := range Managed(facts.Services.Value) {
		managed++
		if why := inTrouble(service, facts.Now); why != "" {
			findings = append(findings, trouble("%s/%s %s: %s", service.Namespace, service.Name, why, said(service)))
		}
	}
	if len(findings) == 0 {
		return []Finding{ok("%d are managed%s, and none is in trouble", managed, facts.within())}
	}
	return findings
}

// within says in which namespace Services were read, if not in all.
func (f Facts) within() string {
	if f.Namespace == "" {
		return ""
	}
	return " in namespace " + f.Namespace + ", the only one that you may look at"
}

// Managed returns the managed Services among some, by namespace and name.
func Managed(services []corev1.Service) []bluegreen.Service {
	var managed []bluegreen.Service
	for i := range services {
		if service := bluegreen.Read(&services[i]); service.Managed {
			managed = append(managed, service)
		}
	}
	slices.SortFunc(managed, func(a, b bluegreen.Service) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	})
	return managed
}

// inTrouble says what is wrong with a Service; nothing if nothing is.
func inTrouble(service bluegreen.Service, now time.Time) string {
	phase := bluegreen.Phase(service.Annotations[bluegreen.PhaseKey])
	switch phase {
	case bluegreen.Failed, bluegreen.RolledBack:
		return "has phase " + string(phase)
	case bluegreen.Waiting, bluegreen.Checking:
		attempt, found := service.Attempt()
		if waits := now.Sub(attempt.Since); found && waits > long {
			return fmt.Sprintf("has been waiting for %s", duration.HumanDuration(waits))
		}
	}
	return ""
}

// said returns what bluegreen says about a Service, or how to look at it.
func said(service bluegreen.Service) string {
	return cmp.Or(service.Annotations[bluegreen.MessageKey],
		fmt.Sprintf("kubectl bluegreen status %s -n %s", service.Name, service.Namespace))
}
