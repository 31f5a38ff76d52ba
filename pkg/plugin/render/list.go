package render

import (
	"cmp"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/view"
)

// shortMessage is how much of a message a table shows, unless it is a wide one.
const shortMessage = 80

// Columns says which columns the list of Services has besides the usual ones.
type Columns struct{ Namespace, Wide bool }

// List draws managed Services as a table.
func List(services []corev1.Service, columns Columns, now time.Time) Lines {
	of := view.View{Now: now}
	rows := []row{{cells: columns.cells(plain("NAMESPACE"), plain("NAME", "LIVE", "TARGET", "PHASE", "SINCE"),
		plain("LEADER", "PROMOTION", "LAST SWITCH"), plain("MESSAGE"))}}
	for i := range services {
		service := view.Service{Service: bluegreen.Read(&services[i])}
		rows = append(rows, row{cells: columns.of(of, service)})
	}
	return table(rows)
}

func (c Columns) of(of view.View, service view.Service) []Span {
	phase := Span{Text: cmp.Or(string(service.Phase()), "-"), Style: styleOf(service.Phase())}
	since := "-"
	if at := service.Since(); !at.IsZero() {
		since = age(of, at)
	}
	message := service.Message()
	if !c.Wide {
		message = bluegreen.Shorten(message, shortMessage)
	}
	moved := "-"
	if last, found := service.LastSwitch(); found {
		moved = cmp.Or(last.From, "none") + " to " + last.To
	}
	usual := append(plain(service.Name, cmp.Or(service.Live(), "-"), cmp.Or(service.Target, "-")), phase, Span{Text: since})
	return c.cells(plain(service.Namespace), usual, plain(cmp.Or(service.Leader, "-"), string(service.Promotion), moved), plain(message))
}

// cells puts the cells of a row together.
func (c Columns) cells(namespace, usual, wide, message []Span) []Span {
	var cells []Span
	if c.Namespace {
		cells = append(cells, namespace...)
	}
	cells = append(cells, usual...)
	if c.Wide {
		cells = append(cells, wide...)
	}
	return append(cells, message...)
}
