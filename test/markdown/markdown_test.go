package markdown

import (
	"os"
	"path/filepath"
	"testing"
)

func TestFillReplacesASectionAndNothingElse(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	const before, after = "# Page\n\n<!-- a: written by make x -->\n", "<!-- end of a -->\n\nThe rest.\n"
	if err := os.WriteFile(page, []byte(before+"old\n"+after), 0o644); err != nil {
		t.Fatal(err)
	}
	table := Table{Head: []string{"x", "y"}}
	table.Add("1", "2")
	for range 2 {
		if err := Fill(page, "a", "make x", table.String()); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if want := before + "| x | y |\n|---|---|\n| 1 | 2 |\n" + after; err != nil || string(got) != want {
		t.Errorf("got %v\n%s\nwant\n%s", err, got, want)
	}
	if err := Fill(page, "b", "make x", "x"); err == nil {
		t.Error("a section that the page does not have was filled")
	}
}
