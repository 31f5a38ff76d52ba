package dashboard

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
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

// TestThePictureShowsEachPanelOfTheDashboard draws the dashboard that ships, each of whose queries has answered 1.
func TestThePictureShowsEachPanelOfTheDashboard(t *testing.T) {
	panels, err := Read("../..")
	if err != nil {
		t.Fatal(err)
	}
	picture := Picture{Panels: panels, Start: start, End: start.Add(time.Minute)}
	for _, panel := range panels {
		answers := slices.Repeat([]model.Matrix{{answer(model.Metric{"phase": "<Stable>"}, 1, 1)}}, len(panel.Targets))
		picture.Answers = append(picture.Answers, answers)
	}
	said := texts(t, picture.Draw())
	for _, want := range []string{"yes", "<Stable>", "0:20", "failures: ", "1 s"} {
		if !slices.Contains(said, want) {
			t.Errorf("no %q in %q", want, said)
		}
	}
	for _, panel := range panels {
		if !slices.Contains(said, panel.Title) {
			t.Errorf("no panel %q", panel.Title)
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

func TestStackedSeriesLieUponOneAnother(t *testing.T) {
	panel := Panel{Targets: []Target{{LegendFormat: "{{phase}}"}}}
	panel.FieldConfig.Defaults.Custom.Stacking.Mode = "normal"
	lines := panel.lines([]model.Matrix{{answer(model.Metric{"phase": "Waiting"}, 1, 2), answer(model.Metric{"phase": "Stable"}, 5, 4)}})
	if lines[0].name != "Stable" || lines[1].name != "Waiting" || lines[1].points[0].Value != 6 || lines[1].points[1].Value != 6 {
		t.Errorf("got %+v", lines)
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
