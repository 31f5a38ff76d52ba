package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/view"
)

// View draws a Service, the Services that it leads, and all below them.
func View(of view.View) Lines {
	lines := slices.Concat(head(of), Lines{nil}, tree(of))
	if len(of.Events) > 0 {
		lines = slices.Concat(lines, Lines{nil, text("Events:")}, events(of))
	}
	for _, why := range of.Unreadable {
		lines = append(lines, Line{{Text: "Not shown: " + why, Style: Bad}})
	}
	return lines
}

// head draws what there is to say about the Service itself, as kubectl describe does.
func head(of view.View) Lines {
	service := of.Service
	var rows []row
	add := func(key string, value ...Span) { rows = append(rows, row{cells: append(plain(key), value...)}) }
	add("Service:", Span{Text: service.Namespace + "/" + service.Name, Style: Bold})
	add("Phase:", phase(of, service))
	if message := service.Message(); message != "" {
		add("Message:", Span{Text: message})
	}
	for _, err := range service.Errors {
		add("Invalid:", Span{Text: err.Error(), Style: Bad})
	}
	add("Live:", Span{Text: cmp.Or(service.Live(), "none") + served(service)})
	if service.Leader != "" {
		add("Leader:", Span{Text: fmt.Sprintf("%s (%s)", service.Leader, service.Key)})
	}
	if service.Pending() {
		add("Target:", Span{Text: service.Target})
	}
	if last, found := service.Moved(); found {
		add("Last switch:", Span{Text: fmt.Sprintf("from %s to %s, %s (%s ago)", cmp.Or(last.From, "no version"), last.To, instant(last.At),
			age(of, last.At))})
	}
	for i, step := range of.Next {
		add([]string{"Next:", ""}[min(i, 1)], Span{Text: when(of, step)})
	}
	return table(rows)
}

// phase draws the phase of a Service, and since when.
func phase(of view.View, service view.Service) Span {
	if !service.Managed {
		return Span{Text: "not managed by bluegreen", Style: Faint}
	}
	text := cmp.Or(string(service.Phase()), "unknown: bluegreen has not seen it yet")
	if since := service.Since(); !since.IsZero() {
		text += ", for " + age(of, since)
	}
	return Span{Text: text, Style: styleOf(service.Phase())}
}

func styleOf(phase bluegreen.Phase) Style {
	switch phase {
	case bluegreen.Stable:
		return Good
	case bluegreen.Failed, bluegreen.RolledBack:
		return Bad
	default:
		return Busy
	}
}

// served says how many endpoints a Service has, by version.
func served(service view.Service) string {
	if len(service.Endpoints) == 0 {
		return ", without an endpoint"
	}
	var parts []string
	for _, endpoints := range service.Endpoints {
		parts = append(parts, fmt.Sprintf("%d of %d endpoints of version %s ready", endpoints.Ready, endpoints.All,
			cmp.Or(endpoints.Version, "unknown")))
	}
	return ", " + strings.Join(parts, ", ")
}

// when says what happens next, and when.
func when(of view.View, step view.Step) string {
	switch {
	case step.At.IsZero():
		return step.What
	case step.At.After(of.Now):
		return fmt.Sprintf("%s %s (in %s)", step.What, instant(step.At), duration.HumanDuration(step.At.Sub(of.Now)))
	default:
		return fmt.Sprintf("%s %s (now)", step.What, instant(step.At))
	}
}

// events draws the last Events, as kubectl events does.
func events(of view.View) Lines {
	rows := []row{{cells: plain("  LAST SEEN", "TYPE", "REASON", "MESSAGE")}}
	for _, event := range of.Events {
		kind := Span{Text: "Normal"}
		if event.Warning {
			kind = Span{Text: "Warning", Style: Busy}
		}
		rows = append(rows, row{cells: []Span{{Text: "  " + age(of, event.At)}, kind, {Text: event.Reason}, {Text: event.Note}}})
	}
	return table(rows)
}

// instant writes an instant as the annotations of bluegreen do.
func instant(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// age writes how long ago something was. Clocks may differ: it is never negative.
func age(of view.View, at time.Time) string {
	return duration.HumanDuration(max(0, of.Now.Sub(at)))
}
