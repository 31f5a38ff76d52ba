package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// seen is a recording of a picture that is drawn twice, and of a log of two lines.
func seen() recording {
	return recording{
		Watched: []output{
			{At: time.Second, Text: []byte("\x1b[2J\x1b[HPhase:   \x1b[32mStable\x1b[0m, for 1s\x1b[K\r\n└─ a <")},
			{At: time.Second, Text: []byte("b>\x1b[K\r\n\x1b[J")},
			{At: 2 * time.Second, Text: []byte("\x1b[HPhase:   \x1b[33mWaiting\x1b[0m, for 1s\x1b[K\r\n\x1b[J")},
		},
		Typed: []output{{At: time.Second, Text: []byte("$ ls\r\n")}, {At: 3 * time.Second, Text: []byte(strings.Repeat("x", columns+1))}},
	}
}

func TestPicturesAreReadAsTextsAtTheirPlaces(t *testing.T) {
	frames := pictures(seen().Watched)
	want := [][]cell{
		{{0, 0, "", "Phase:"}, {0, 9, "green", "Stable"}, {0, 15, "", ", for 1s"}, {1, 0, "", "└─ a <b>"}},
		{{0, 0, "", "Phase:"}, {0, 9, "yellow", "Waiting"}, {0, 16, "", ", for 1s"}},
	}
	for i, shown := range frames {
		if shown.at != time.Duration(i+1)*time.Second || !slices.Equal(shown.cells, want[i]) {
			t.Errorf("frame %d: got %v at %v, want %v", i, shown.cells, shown.at, want[i])
		}
	}
	if len(frames) != 2 {
		t.Errorf("%d frames, want 2", len(frames))
	}
}

func TestALogIsReadAsItsLastRows(t *testing.T) {
	frames := logs(seen().Typed)
	want := []cell{{0, 0, "", "$ ls"}, {1, 0, "", strings.Repeat("x", columns)}, {2, 0, "", "x"}}
	if got := frames[len(frames)-1].cells; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	long := logs([]output{{Text: []byte(strings.Repeat("line\r\n", typedRows) + "last")}})
	if got := long[0].cells; len(got) != typedRows || got[typedRows-1].text != "last" {
		t.Errorf("of more lines than it has, a terminal shows %v", got)
	}
}

func TestATextIsDrawnOnceForAsLongAsItIsSeen(t *testing.T) {
	at := func(instant time.Duration, texts ...string) frame {
		shown := frame{at: instant * time.Second}
		for row, text := range texts {
			shown.cells = append(shown.cells, cell{row: row, text: text})
		}
		return shown
	}
	frames := []frame{at(1, "name", "1s"), at(2, "name", "2s"), {at: 2*time.Second + 50*time.Millisecond}, at(3, "name", "1s")}
	frames[2].cells = frames[1].cells
	want := []life{
		{cell{row: 0, text: "name"}, 0, 9 * time.Second},
		{cell{row: 1, text: "1s"}, 0, 2*time.Second + 50*time.Millisecond},
		{cell{row: 1, text: "2s"}, 2*time.Second + 50*time.Millisecond, 3 * time.Second},
		{cell{row: 1, text: "1s"}, 3 * time.Second, 9 * time.Second},
	}
	if got := film(frames, 9*time.Second); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTheDrawingIsWellFormedAndAlwaysTheSame(t *testing.T) {
	drawn := draw(seen())
	if !bytes.Equal(drawn, draw(seen())) {
		t.Error("two drawings differ")
	}
	wellFormed(t, drawn)
	for _, want := range []string{">└─ a &lt;b&gt;<", `class="green t_`, "prefers-color-scheme: dark", "prefers-reduced-motion"} {
		if !strings.Contains(string(drawn), want) {
			t.Errorf("%q is missing in\n%s", want, drawn)
		}
	}
}

// TestTheRecordingOfREADME: a page that many load needs a small one, and some places show no SVG that has a script.
func TestTheRecordingOfREADME(t *testing.T) {
	drawn, err := os.ReadFile("../../docs/status.svg")
	if err != nil {
		t.Fatal(err)
	}
	wellFormed(t, drawn)
	if len(drawn) > 150<<10 || bytes.Contains(drawn, []byte("<script")) {
		t.Errorf("it has %d bytes, or a script", len(drawn))
	}
	for _, want := range []string{">Waiting<", ">draining<", ">unused<", "Done in "} {
		if !bytes.Contains(drawn, []byte(want)) {
			t.Errorf("it does not show %q", want)
		}
	}
}

func wellFormed(t *testing.T, drawn []byte) {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(drawn))
	for {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
