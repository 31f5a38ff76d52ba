package render

import (
	"cmp"

	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/soundness"
)

// Findings draws what a check of the installations has found, a line each.
func Findings(findings []soundness.Finding) Lines {
	rows := []row{{cells: plain("STATE", "CHECK", "INSTALLATION", "FINDING")}}
	for _, finding := range findings {
		state := Span{Text: string(finding.State), Style: styleOfState(finding.State)}
		cells := append([]Span{state}, plain(finding.Check, cmp.Or(finding.Installation, "-"), finding.Message)...)
		rows = append(rows, row{cells: cells})
	}
	return table(rows)
}

func styleOfState(state soundness.State) Style {
	switch state {
	case soundness.OK:
		return Good
	case soundness.Trouble:
		return Bad
	default:
		return Busy
	}
}
