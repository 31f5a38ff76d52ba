package view

import (
	"slices"
	"time"

	eventsv1 "k8s.io/api/events/v1"
)

// mostEvents is how many Events of a Service are shown.
const mostEvents = 5

// Event is what somebody was told about the Service.
type Event struct {
	At           time.Time
	Reason, Note string
	Warning      bool
}

// eventsOf returns the last Events of a Service, the newest last.
func eventsOf(events []*eventsv1.Event, service Service) []Event {
	var found []Event
	for _, event := range events {
		if event.Regarding.Kind == "Service" && event.Regarding.Name == service.Name && event.Regarding.UID == service.UID {
			found = append(found, Event{At: at(event), Reason: event.Reason, Note: event.Note, Warning: event.Type == "Warning"})
		}
	}
	slices.SortStableFunc(found, func(a, b Event) int { return a.At.Compare(b.At) })
	return found[max(0, len(found)-mostEvents):]
}

// at returns when an Event was seen last.
func at(event *eventsv1.Event) time.Time {
	last := event.EventTime.Time
	if event.Series != nil {
		last = event.Series.LastObservedTime.Time
	}
	for _, other := range []time.Time{event.DeprecatedLastTimestamp.Time, event.CreationTimestamp.Time} {
		if last.IsZero() {
			last = other
		}
	}
	return last
}
