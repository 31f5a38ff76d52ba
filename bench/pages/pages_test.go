package pages

import (
	"os"
	"strings"
	"testing"

	"github.com/bluegreen-k8s/bluegreen/bench/peers"
)

func TestPeersAreChosenByName(t *testing.T) {
	all := func() []peers.Peer { return []peers.Peer{{Name: "a"}, {Name: "b"}, {Name: "c"}} }
	if got, err := chosen(all(), nil); err != nil || len(got) != 3 {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := chosen(all(), []string{"c", "a"}); err != nil || len(got) != 2 || got[0].Name != "a" || got[1].Name != "c" {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := chosen(all(), []string{"d"}); err == nil || err.Error() != `--pages-of: "d": must be one of a, b, c` {
		t.Errorf("%v", err)
	}
}

// TestThePageHasAPlaceForEachPeer compares the marks in docs with what writes between them.
func TestThePageHasAPlaceForEachPeer(t *testing.T) {
	page, err := os.ReadFile("../../docs/front-ends.md")
	if err != nil {
		t.Fatal(err)
	}
	compared := peersOf(peers.Cluster{Argo: "rollouts-controller"})
	for _, p := range compared {
		if !strings.Contains(string(page), "<!-- pages of "+p.Name+": written by make bench-pages -->\n") {
			t.Errorf("docs/front-ends.md has no place for %s", p.Name)
		}
	}
	if got := strings.Count(string(page), ": written by make bench-pages -->"); got != len(compared) {
		t.Errorf("docs/front-ends.md has places for %d peers, not %d", got, len(compared))
	}
}
