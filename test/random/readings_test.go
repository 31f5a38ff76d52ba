package random

import (
	"regexp"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// reading is evidence: when the controller wrote something, it had read all Deployments up to a resourceVersion.
type reading struct{ wrote, upTo int64 }

var sentinelNamed = regexp.MustCompile(`Deployment (sentinel-\d+): `)

// namedSentinel returns which sentinel a Service tells of, "" for none.
func namedSentinel(s *corev1.Service) string {
	found := sentinelNamed.FindStringSubmatch(s.Annotations[messageKey])
	if found == nil {
		return ""
	}
	return found[1]
}

// learn finds out how far the controller has read: it tells of a Deployment that nobody else names.
func (c *checker) learn(s *corev1.Service) {
	if name := namedSentinel(s); name != "" {
		sentinel := id{kind: "Deployment", ObjectKey: client.ObjectKey{Namespace: s.Namespace, Name: name}}
		c.readings = append(c.readings, reading{wrote: revision(s), upTo: c.states[sentinel][0].rv})
	}
}

// readBy returns the resourceVersion up to which the controller had read all Deployments, at least, when somebody wrote that
// resourceVersion.
func (c *checker) readBy(rv int64) int64 {
	upTo := int64(0)
	for _, evidence := range c.readings {
		if evidence.wrote <= rv {
			upTo = max(upTo, evidence.upTo)
		}
	}
	return upTo
}
