package pages

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

var switched = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// page is a load that starts so long after the switch, and whose parts are as given; the others are like the first.
func page(after time.Duration, parts ...part) load {
	l := load{start: switched.Add(after), end: switched.Add(after + 100*time.Millisecond), parts: parts}
	for len(l.parts) < 1+assets {
		l.parts = append(l.parts, parts[0])
	}
	return l
}

func of(version string) part { return part{version: version, connection: "1", status: http.StatusOK} }
func gone(version string) part {
	return part{version: version, connection: "2", status: http.StatusNotFound}
}

func TestPagesAreCounted(t *testing.T) {
	for name, test := range map[string]struct {
		loads []load
		want  count
	}{
		"none": {},
		"one version, then the other": {
			loads: []load{page(-time.Second, of("1.10")), page(0, of("1.11"))},
			want:  count{pages: 2, connections: 1},
		},
		"two versions, all of it there": {
			loads: []load{page(0, of("1.10"), of("1.11"))},
			want:  count{pages: 1, mixed: 1, connections: 1},
		},
		"the same, later": {
			loads: []load{page(1, of("1.10"), of("1.11"))},
			want:  count{pages: 1, mixed: 1, late: 1, connections: 1},
		},
		"an asset is missing, and there after a reload": {
			loads: []load{page(0, of("1.10"), gone("1.11")), page(time.Second, of("1.11"))},
			want:  count{pages: 2, mixed: 1, missing: 1, connections: 2},
		},
		"an asset is missing, and again": {
			loads: []load{page(0, of("1.10"), gone("1.11")), page(0, of("1.11"), gone("1.11")), page(0, of("1.11"))},
			want:  count{pages: 3, mixed: 1, missing: 2, again: 1, connections: 2},
		},
		"a request that failed": {
			loads: []load{page(0, of("1.10"), part{err: errors.New("refused")})},
			want:  count{pages: 1, failed: 1, connections: 1},
		},
		"no HTML": {
			loads: []load{{start: switched, parts: []part{{err: errors.New("refused")}}}},
			want:  count{pages: 1, failed: 1},
		},
		"an asset that nobody asked for": {
			loads: []load{{start: switched, parts: []part{of("1.10")}}},
			want:  count{pages: 1, failed: 1, connections: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := judge([]crowd{{visitors: []*visitor{{loads: test.loads}}}}, switched)[0]
			got.failure = nil
			if got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestTheTableAddsUpSwitches(t *testing.T) {
	got := table([]kind{{name: "Go", visitors: 4}}, []outcome{
		{{pages: 20, mixed: 4, late: 3, missing: 2, again: 1, connections: 6}},
		{{pages: 30, mixed: 2, failed: 1, connections: 5}},
		{{pages: 30, mixed: 3, connections: 5}},
	})
	const want = "| Go | 4 | 6 | 3 | 80 | 9 | 3 (2 to 4) | 3 | 2 | 1 | 1 |"
	if !strings.Contains(got, want) {
		t.Errorf("got\n%s\nwant the row\n%s", got, want)
	}
}
