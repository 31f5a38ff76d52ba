package dashboard

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestAKeptPictureIsDrawnAgain has a checkout with the dashboard that ships.
func TestAKeptPictureIsDrawnAgain(t *testing.T) {
	root := t.TempDir()
	if err := os.CopyFS(filepath.Join(root, "charts/bluegreen/dashboards"), os.DirFS("../../charts/bluegreen/dashboards")); err != nil {
		t.Fatal(err)
	}
	for _, directory := range []string{"docs", "bin"} {
		if err := os.Mkdir(filepath.Join(root, directory), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := shipped(t).Keep(root); err != nil {
		t.Fatal(err)
	}
	kept := readPicture(t, root)
	if err := os.Remove(filepath.Join(root, drawn)); err != nil {
		t.Fatal(err)
	}
	if err := Redraw(root); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(readPicture(t, root), kept) {
		t.Error("the picture is another")
	}
}

func readPicture(t *testing.T, root string) []byte {
	t.Helper()
	svg, err := os.ReadFile(filepath.Join(root, drawn))
	if err != nil {
		t.Fatal(err)
	}
	return svg
}
