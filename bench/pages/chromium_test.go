package pages

import (
	"os/exec"
	"testing"
)

func TestChromiumLoadsPages(t *testing.T) {
	if _, err := exec.LookPath("chromium"); err != nil {
		t.Skip("Chromium is not installed: make bench-pages does that")
	}
	browser, err := startChromium(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer browser.end()
	for name, test := range map[string]struct {
		tls         bool
		protocol    string
		connections int
	}{
		"HTTP/1.1": {false, "http/1.1", browserConnections},
		"HTTP/2":   {true, "h2", 1},
	} {
		t.Run(name, func(t *testing.T) {
			tab, err := browser.open(site(t, test.tls, "1.10"), test.protocol)
			if err != nil {
				t.Fatal(err)
			}
			defer tab.close()
			for range 2 {
				if l := tab.load(); !l.whole("1.10") || l.connections() != test.connections {
					t.Errorf("failure %v, versions %v, %d connections", l.failure(), l.versions(), l.connections())
				}
			}
		})
	}
	t.Run("an asset is missing", func(t *testing.T) {
		tab, err := browser.open(site(t, false, "1.10", 7), "http/1.1")
		if err != nil {
			t.Fatal(err)
		}
		defer tab.close()
		if l := tab.load(); !l.missing() || l.failure() != nil || l.mixed() {
			t.Errorf("%+v", l)
		}
	})
	t.Run("another protocol than expected", func(t *testing.T) {
		tab, err := browser.open(site(t, false, "1.10"), "h2")
		if err != nil {
			t.Fatal(err)
		}
		defer tab.close()
		if l := tab.load(); l.failure() == nil {
			t.Errorf("%+v", l)
		}
	})
}
