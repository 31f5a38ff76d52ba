// Package edit decides what the commands of kubectl bluegreen write on a Service, as pure functions of what they are given: a few
// annotations each, as kubectl annotate writes them.
package edit

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// Edit is the annotations that a command writes on a Service.
type Edit struct {
	// Set are the annotations that get a value, Remove the keys of those that go.
	Set    map[string]string
	Remove []string

	// Notes are what whoever asks for it has to know or to do besides, a sentence each.
	Notes []string
}

// Same reports whether two edits write the same.
func (e Edit) Same(other Edit) bool {
	return maps.Equal(e.Set, other.Set) && slices.Equal(e.Remove, other.Remove)
}

// Patch returns the edit as a merge patch. It changes nothing if somebody has changed the Service since it was read.
func (e Edit) Patch(read *corev1.Service) ([]byte, error) {
	annotations := map[string]any{}
	for key, value := range e.Set {
		annotations[key] = value
	}
	for _, key := range e.Remove {
		annotations[key] = nil
	}
	return json.Marshal(map[string]any{"metadata": map[string]any{
		"annotations":     annotations,
		"resourceVersion": read.ResourceVersion,
	}})
}

// Applied returns the Service with the edit, as it would be sent.
func (e Edit) Applied(read *corev1.Service) *corev1.Service {
	edited := read.DeepCopy()
	if edited.Annotations == nil {
		edited.Annotations = map[string]string{}
	}
	maps.Copy(edited.Annotations, e.Set)
	for _, key := range e.Remove {
		delete(edited.Annotations, key)
	}
	return edited
}

// Command returns the kubectl command that the edit equals.
func (e Edit) Command(service *corev1.Service) string {
	words := []string{"kubectl annotate service", service.Name, "-n", service.Namespace}
	for _, key := range slices.Sorted(maps.Keys(e.Set)) {
		words = append(words, fmt.Sprintf("%s=%s", key, e.Set[key]))
	}
	for _, key := range e.Remove {
		words = append(words, key+"-")
	}
	if len(e.Set) > 0 {
		words = append(words, "--overwrite")
	}
	return strings.Join(words, " ")
}

// set returns the edit that gives one annotation a value.
func set(key, value string, notes ...string) Edit {
	return Edit{Set: map[string]string{key: value}, Notes: notes}
}

// asked returns why a Service cannot be asked for anything, or nil. verb is the command that somebody gave.
func asked(service bluegreen.Service, verb string) error {
	switch {
	case !service.Managed:
		return fmt.Errorf("service/%s is not managed by bluegreen; to adopt it: %s", service.Name, plugin(service, "adopt"))
	case service.Leader != "":
		return fmt.Errorf("service/%s moves with service/%s (%s); ask that one: kubectl bluegreen %s %s -n %s",
			service.Name, service.Leader, service.Key, verb, service.Leader, service.Namespace)
	case len(service.Errors) > 0:
		return fmt.Errorf("service/%s cannot be asked for anything before its annotations are corrected: %w",
			service.Name, service.Errors.ToAggregate())
	case len(service.NotSwitchable()) > 0:
		return fmt.Errorf("service/%s cannot switch: %w", service.Name, service.NotSwitchable().ToAggregate())
	default:
		return nil
	}
}

// plugin returns a command of this plugin for a Service.
func plugin(service bluegreen.Service, verb string) string {
	return fmt.Sprintf("kubectl bluegreen %s %s -n %s", verb, service.Name, service.Namespace)
}

// why returns what bluegreen says about a Service, to end a sentence with; empty if it says nothing.
func why(service bluegreen.Service) string {
	if message := service.Annotations[bluegreen.MessageKey]; message != "" {
		return ": " + message
	}
	return ""
}
