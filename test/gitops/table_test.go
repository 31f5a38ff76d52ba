//go:build e2e

package gitops

import (
	"testing"
)

func TestEngines(t *testing.T) {
	for _, situation := range situations {
		for _, engine := range engines {
			want, ok := situation.want[engine.title()]
			if !ok {
				continue
			}
			t.Run(situation.title+"/"+engine.title(), func(t *testing.T) {
				t.Parallel()
				c := newCell(t, engine, situation)
				situation.run(c)
				c.judge()
				if c.text() != want {
					t.Errorf("%s, want %s", c.text(), want)
				}
			})
		}
	}
}
