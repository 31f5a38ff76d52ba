package dashboard

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
)

var start = time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)

// answer is one series with a value each second.
func answer(labels model.Metric, values ...model.SampleValue) *model.SampleStream {
	stream := &model.SampleStream{Metric: labels}
	for i, value := range values {
		stream.Values = append(stream.Values, model.SamplePair{Timestamp: model.TimeFromUnix(start.Unix() + int64(i)), Value: value})
	}
	return stream
}

// texts returns what an SVG says.
func texts(t *testing.T, svg []byte) []string {
	t.Helper()
	var said []string
	decoder := xml.NewDecoder(bytes.NewReader(svg))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return said
		}
		if err != nil {
			t.Fatalf("%v in:\n%s", err, svg)
		}
		if text, is := token.(xml.CharData); is && strings.TrimSpace(string(text)) != "" {
			said = append(said, string(text))
		}
	}
}

// shipped returns the dashboard that ships, each of whose queries has answered 1.
func shipped(t *testing.T) Picture {
	t.Helper()
	panels, err := Read("../..")
	if err != nil {
		t.Fatal(err)
	}
	picture := Picture{Panels: panels, Start: start, End: start.Add(time.Minute), Step: time.Second}
	for _, panel := range panels {
		answers := slices.Repeat([]model.Matrix{{answer(model.Metric{"phase": "<Stable>"}, 1, 1)}}, len(panel.Targets))
		picture.Answers = append(picture.Answers, answers)
	}
	return picture
}

func TestThePictureShowsEachPanelOfTheDashboard(t *testing.T) {
	picture := shipped(t)
	said := texts(t, picture.Draw())
	for _, want := range []string{"yes", "<Stable>", "0:30", "failures: ", "1 s"} {
		if !slices.Contains(said, want) {
			t.Errorf("no %q in %q", want, said)
		}
	}
	for _, panel := range picture.Panels {
		if !slices.Contains(said, panel.Title) {
			t.Errorf("no panel %q", panel.Title)
		}
	}
}

func TestTitlesFitIntoTheirPanels(t *testing.T) {
	const letter = 6.8 // On average, in the widest of the fonts.
	for _, panel := range shipped(t).Panels {
		if room := float64(panel.GridPos.W)*column - gap - margin; letter*float64(len(panel.Title)) > room {
			t.Errorf("%q has %d letters, in a panel with room for %.0f", panel.Title, len(panel.Title), room/letter)
		}
	}
}

// TestEachPhaseHasAColourOfItsOwn also finds colours that the picture does not know.
func TestEachPhaseHasAColourOfItsOwn(t *testing.T) {
	phases := map[string]string{
		"Stable": "green", "Waiting": "blue", "Checking": "yellow", "Paused": "purple", "Failed": "red", "RolledBack": "orange",
	}
	panels := shipped(t).Panels
	at := slices.IndexFunc(panels, func(p Panel) bool { return p.Title == "Services by phase" })
	for phase, want := range phases {
		if got := panels[at].colour(phase, 2); got != want {
			t.Errorf("%s is %s, want %s", phase, got, want)
		}
		if drawn := paint("fill", want); !strings.Contains(drawn, want) {
			t.Errorf("%s is drawn with %s", want, drawn)
		}
	}
}

func TestAPanelWithoutAnswersSaysSo(t *testing.T) {
	picture := Picture{
		Panels:  []Panel{{Title: "nothing", Type: "stat", Targets: []Target{{}}}},
		Answers: [][]model.Matrix{{nil}},
		Start:   start,
		End:     start.Add(time.Minute),
	}
	if said := texts(t, picture.Draw()); !slices.Contains(said, "no data") {
		t.Errorf("said %q", said)
	}
}

func TestStackedSeriesLieUponOneAnotherTheLargestAtTheBottom(t *testing.T) {
	panel := Panel{Targets: []Target{{LegendFormat: "{{phase}}"}}}
	panel.FieldConfig.Defaults.Custom.Stacking.Mode = "normal"
	lines := panel.lines([]model.Matrix{{answer(model.Metric{"phase": "Failed"}, 1, 2), answer(model.Metric{"phase": "Stable"}, 5, 4)}})
	if lines[0].name != "Stable" || lines[1].name != "Failed" {
		t.Fatalf("got %+v", lines)
	}
	for i, want := range []level{{start, 5, 6}, {start.Add(time.Second), 4, 6}} {
		if got := lines[1].levels[i]; !got.at.Equal(want.at) || got.low != want.low || got.high != want.high {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

func TestOtherSeriesStandInTheOrderOfTheQueries(t *testing.T) {
	panel := Panel{Targets: []Target{{LegendFormat: "switches"}, {LegendFormat: "failures: {{reason}}"}}}
	lines := panel.lines([]model.Matrix{
		{answer(nil, 1)},
		{answer(model.Metric{"reason": "NotReady"}, 1), answer(model.Metric{"reason": "CheckFailed"}, 9)},
	})
	var names []string
	for _, line := range lines {
		names = append(names, line.name)
	}
	if want := []string{"switches", "failures: CheckFailed", "failures: NotReady"}; !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
}

func TestALineDoesNotBridgeWhatIsMissing(t *testing.T) {
	s := series{levels: levels(answer(nil, 1, 2, model.SampleValue(math.NaN()), 3, 4, 5).Values)}
	var lengths []int
	for _, part := range s.unbroken(time.Second) {
		lengths = append(lengths, len(part))
	}
	if want := []int{2, 3}; !slices.Equal(lengths, want) {
		t.Errorf("parts of %d values, want %d", lengths, want)
	}
}

func TestALegendHasAsManyRowsAsItNeeds(t *testing.T) {
	lines := []series{{name: "bluegreen"}, {name: "bluegreen-protection"}, {name: "certificates"}}
	for width, want := range map[float64][]int{1000: {3}, 250: {2, 1}, 193: {1, 1, 1}} {
		var got []int
		for _, row := range legend(lines, width) {
			got = append(got, len(row))
		}
		if !slices.Equal(got, want) {
			t.Errorf("in a width of %v: rows of %d, want %d", width, got, want)
		}
	}
}

func TestTicksAreRoundAndReachTheHighestValue(t *testing.T) {
	for highest, want := range map[float64][]float64{
		0:    {0, 1},
		1:    {0, 0.5, 1},
		3:    {0, 1, 2, 3},
		7:    {0, 2, 4, 6, 8},
		0.03: {0, 0.01, 0.02, 0.03},
		65:   {0, 20, 40, 60, 80},
	} {
		if got := ticksTo(highest); !slices.Equal(got, want) {
			t.Errorf("to %v: %v, want %v", highest, got, want)
		}
	}
}

func TestValuesAreWrittenInUnitsThatPeopleRead(t *testing.T) {
	for _, test := range []struct {
		unit  string
		value float64
		want  string
	}{
		{"short", 3, "3"},
		{"s", 0, "0"},
		{"s", 0.005, "5 ms"},
		{"s", 90, "90 s"},
		{"s", 600, "10 min"},
		{"s", 3 * 60 * 60, "3 h"},
		{"s", 364 * 24 * 60 * 60, "364 days"},
	} {
		if got := format(test.unit, test.value); got != test.want {
			t.Errorf("%v in %s: %q, want %q", test.value, test.unit, got, test.want)
		}
	}
}
