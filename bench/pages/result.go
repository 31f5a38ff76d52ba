package pages

import (
	"fmt"
	"strings"
	"time"

	"github.com/bluegreen-k8s/bluegreen/bench/report"
	"github.com/bluegreen-k8s/bluegreen/test/markdown"
)

// count is what became of the pages of one kind of client in one switch. Late are mixed ones that began after the new version had
// answered.
type count struct {
	pages, mixed, late, missing, again, failed int
	connections                                int
	failure                                    error // The first one.
}

// outcome has the counts of one switch, in the order of the kinds of clients.
type outcome []count

// judge counts, given when the new version answered first.
func judge(crowds []crowd, switched time.Time) outcome {
	var o outcome
	for _, c := range crowds {
		var n count
		for _, one := range c.visitors {
			n.add(one.loads, switched)
		}
		o = append(o, n)
	}
	return o
}

// add counts the pages of one visitor, in their order.
func (n *count) add(loads []load, switched time.Time) {
	for i, l := range loads {
		n.pages++
		n.connections = max(n.connections, l.connections())
		if l.mixed() {
			n.mixed++
			if l.start.After(switched) {
				n.late++
			}
		}
		if l.missing() {
			n.missing++
			if i+1 < len(loads) && loads[i+1].missing() {
				n.again++
			}
		}
		if failure := l.failure(); failure != nil {
			n.failed++
			if n.failure == nil {
				n.failure = failure
			}
		}
	}
}

func (o outcome) String() string {
	var each []string
	for _, n := range o {
		text := fmt.Sprintf("%d pages, %d mixed (%d later), %d incomplete (%d again), %d failed",
			n.pages, n.mixed, n.late, n.missing, n.again, n.failed)
		if n.failure != nil {
			text += fmt.Sprintf(" (%v)", n.failure)
		}
		each = append(each, text)
	}
	return strings.Join(each, "; ")
}

// table returns what was counted of a peer, switch by switch, as a table of Markdown.
func table(clients []kind, outcomes []outcome) string {
	t := markdown.Table{Head: []string{"client", "visitors", "connections", "switches", "pages", "mixed", "in one switch", "of them later",
		"incomplete", "also when reloaded", "failed"}}
	for i, client := range clients {
		t.Add(append([]string{client.name, fmt.Sprint(client.visitors)}, row(outcomes, i)...)...)
	}
	return t.String()
}

// row adds up what one kind of client saw in all switches of a peer.
func row(outcomes []outcome, client int) []string {
	var sum count
	var mixed []float64
	for _, o := range outcomes {
		n := o[client]
		mixed = append(mixed, float64(n.mixed))
		sum.connections = max(sum.connections, n.connections)
		sum.pages += n.pages
		sum.mixed += n.mixed
		sum.late += n.late
		sum.missing += n.missing
		sum.again += n.again
		sum.failed += n.failed
	}
	cells := []string{fmt.Sprint(sum.connections), fmt.Sprint(len(outcomes)), fmt.Sprint(sum.pages), fmt.Sprint(sum.mixed),
		report.Spread("%.0f", mixed)}
	for _, n := range []int{sum.late, sum.missing, sum.again, sum.failed} {
		cells = append(cells, fmt.Sprint(n))
	}
	return cells
}
