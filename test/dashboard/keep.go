package dashboard

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// In a checkout: the picture, and the answers that it was drawn from.
const (
	drawn   = "docs/dashboard.svg"
	answers = "bin/dashboard.json"
)

// Keep draws the picture into a checkout, and keeps the answers there, so that Redraw needs no cluster.
func (p Picture) Keep(root string) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(root, answers), text, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, drawn), p.Draw(), 0o644)
}

// Redraw draws the picture in a checkout from the answers that were kept there.
func Redraw(root string) error {
	var p Picture
	text, err := os.ReadFile(filepath.Join(root, answers))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return fmt.Errorf("reading %s: %w", answers, err)
	}
	if p.Panels, err = Read(root); err != nil {
		return err
	}
	if len(p.Answers) != len(p.Panels) {
		return fmt.Errorf("%s is of a dashboard with %d panels, not %d", answers, len(p.Answers), len(p.Panels))
	}
	return os.WriteFile(filepath.Join(root, drawn), p.Draw(), 0o644)
}
