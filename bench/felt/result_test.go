package felt

import (
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-k8s/bluegreen/test/traffic"
)

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

func TestReport(t *testing.T) {
	r := &Result{Peers: []Peer{
		{Name: "clean", Outcomes: []Outcome{
			{Requests: 1000, Seen: ms(3000)},
			{Requests: 1100, Seen: ms(2500)},
			{Requests: 1200, Seen: ms(4000)},
		}},
		{Name: "mixing", Outcomes: []Outcome{
			{Requests: 10, Mixed: ms(900), Seen: ms(20), Failures: make([]traffic.Result, 2)},
			{Requests: 10, Seen: ms(20)},
			{Requests: 10, Mixed: ms(25), Seen: ms(20), Failures: make([]traffic.Result, 1)},
		}},
	}}
	table, plots := r.Report()
	rows := strings.Split(strings.TrimSpace(table), "\n")[2:]
	want := []string{
		"| clean | 3 | 3300 | 0 | none | none | 3000 ms | 2500 ms to 4000 ms |",
		"| mixing | 3 | 30 | 3 | 25.0 ms | 900 ms | 20.0 ms | 20.0 ms to 20.0 ms |",
	}
	if strings.Join(rows, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(rows, "\n"), strings.Join(want, "\n"))
	}
	for _, name := range []string{"performance-felt.svg", "performance-felt-seen.svg"} {
		if series := plots[name].Series; len(series) != 2 || series[0].Name != "clean" || len(series[1].X) != 3 {
			t.Errorf("%s has %v", name, series)
		}
	}
	if worst := plots["performance-felt.svg"].Series[1].X[2]; worst != 900 {
		t.Errorf("the mixed windows end at %v ms", worst)
	}
}
