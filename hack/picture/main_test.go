package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestDrawIsWellFormedAndAlwaysTheSame(t *testing.T) {
	for _, s := range []scheme{light, dark} {
		picture := draw(s)
		if !bytes.Equal(picture, draw(s)) {
			t.Errorf("%s: two drawings differ", s.name)
		}
		decoder := xml.NewDecoder(bytes.NewReader(picture))
		for {
			_, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", s.name, err)
			}
		}
	}
}

func TestSchemesDifferInColoursOnly(t *testing.T) {
	count := func(s scheme) int { return strings.Count(string(draw(s)), "\n") }
	if l, d := count(light), count(dark); l != d {
		t.Errorf("light has %d lines, dark %d", l, d)
	}
}
