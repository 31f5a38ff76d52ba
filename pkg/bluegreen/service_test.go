package bluegreen_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	. "github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/bluegreentest"
)

func TestParseReadsWhatTheAnnotationsAskFor(t *testing.T) {
	long := strings.Repeat("v", 63)
	for name, test := range map[string]struct {
		annotations map[string]string
		want        parsed
	}{
		"no annotations": {want: defaults()},
		"others' annotations": {
			annotations: Pairs("example.org/a", "b"),
			want:        defaults(),
		},
		"a version label alone": {
			annotations: Pairs(bluegreen.VersionLabel, "track"),
			want:        defaults(),
		},
		"nonsense on an unmanaged one": {
			annotations: Pairs(bluegreen.VersionLabel, "no label!", "bluegreen/surprise", ""),
			want:        defaults(),
		},
		"a target": {
			annotations: Pairs(bluegreen.TargetVersion, "1.11"),
			want:        asking("1.11"),
		},
		"a target of one character": {
			annotations: Pairs(bluegreen.TargetVersion, "2"),
			want:        asking("2"),
		},
		"a target of 63 characters": {
			annotations: Pairs(bluegreen.TargetVersion, long),
			want:        asking(long),
		},
		"a target and a version label": {
			annotations: Pairs(bluegreen.TargetVersion, "green", bluegreen.VersionLabel, "track"),
			want:        asking("green", by("track")),
		},
		"a version label with a prefix": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.VersionLabel, "app.kubernetes.io/version"),
			want:        asking("1", by("app.kubernetes.io/version")),
		},
		"bluegreen's own keys beside it": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.PhaseKey, "no phase", bluegreen.MessageKey, "?"),
			want:        asking("1"),
		},
		"others' prefixes are not ours": {
			annotations: Pairs(bluegreen.TargetVersion, "1", "bluegreen.io/target", "2", "blue/green", "3"),
			want:        asking("1"),
		},
		"the prefix is case sensitive": {
			annotations: Pairs(bluegreen.TargetVersion, "1", "Bluegreen/target-version", "2"),
			want:        asking("1"),
		},
		"complete": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.Ready, "complete"),
			want:        asking("1", readyWhen(bluegreen.Complete)),
		},
		"match-live": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.Ready, "match-live"),
			want:        asking("1", readyWhen(bluegreen.MatchLive)),
		},
		"minimum": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.Ready, "minimum"),
			want:        asking("1"),
		},
		"protection disabled": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.InUseProtection, "disabled"),
			want:        asking("1", unprotected),
		},
		"protection enabled": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.InUseProtection, "enabled"),
			want:        asking("1"),
		},
		"a drain": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.Drain, "1m30s"),
			want:        asking("1", func(p *parsed) { p.drain = 90 * time.Second }),
		},
		"a deadline": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.Deadline, "10m"),
			want:        asking("1", func(p *parsed) { p.deadline = 10 * time.Minute }),
		},
		"checks": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.PrePromotionCheck, "smoke", bluegreen.PostPromotionCheck, "orders.daily",
				bluegreen.AutoRollback, "10m"),
			want: asking("1", func(p *parsed) { p.checks, p.autoRollback = [2]string{"smoke", "orders.daily"}, 10*time.Minute }),
		},
		"a retirement": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.RetireAfter, "24h"),
			want:        asking("1", func(p *parsed) { p.retireAfter = 24 * time.Hour }),
		},
		"a rollback": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.AutoRollback, "10.5s"),
			want:        asking("1", func(p *parsed) { p.autoRollback = 10500 * time.Millisecond }),
		},
		"a retry": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.Retry, "again, please!"),
			want:        asking("1", func(p *parsed) { p.retry = "again, please!" }),
		},
		"promotion by hand, and an approval": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.Promote, "manual", bluegreen.ApprovedVersion, "1.9"),
			want:        asking("1", func(p *parsed) { p.promotion, p.approved = bluegreen.Manual, "1.9" }),
		},
		"automatic promotion": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.Promote, "auto"),
			want:        asking("1"),
		},
		"to follow another": {
			annotations: Pairs(bluegreen.Follows, "nginx"),
			want:        asking("", ledBy("nginx")),
		},
		"to follow another, by a label of its own": {
			annotations: Pairs(bluegreen.Follows, "nginx", bluegreen.VersionLabel, "track", bluegreen.PhaseKey, "Stable"),
			want:        asking("", ledBy("nginx"), by("track")),
		},
		"to be a preview of another": {
			annotations: Pairs(bluegreen.PreviewOf, "nginx"),
			want:        asking("", ledBy("nginx"), func(p *parsed) { p.preview, p.protected = true, false }),
		},
		"the default version label named": {
			annotations: Pairs(bluegreen.TargetVersion, "1", bluegreen.VersionLabel, "version"),
			want:        asking("1"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, errs := parse(test.annotations)
			if got != test.want || len(errs) > 0 {
				t.Errorf("got %+v, %v; want %+v", got, errs, test.want)
			}
		})
	}
}

// defaults is what a Service asks for that is not managed.
func defaults() parsed {
	return parsed{versionLabel: "version", ready: bluegreen.Minimum, promotion: bluegreen.Auto, protected: true}
}

// asking is what a managed Service asks for; without a target where its annotations are invalid.
func asking(target string, options ...func(*parsed)) parsed {
	asks := defaults()
	asks.managed, asks.target = true, target
	for _, option := range options {
		option(&asks)
	}
	return asks
}

func by(label string) func(*parsed) { return func(p *parsed) { p.versionLabel = label } }

func readyWhen(ready bluegreen.Readiness) func(*parsed) { return func(p *parsed) { p.ready = ready } }

func ledBy(leader string) func(*parsed) { return func(p *parsed) { p.leader = leader } }

func unprotected(p *parsed) { p.protected = false }
