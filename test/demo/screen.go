package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/bluegreen-k8s/bluegreen/test/traffic"
)

// screen is where people watch. Several parts of the demo print at once, whole lines each.
type screen struct{ mu sync.Mutex }

func (s *screen) println(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Println(text)
}

func (s *screen) title(format string, args ...any) {
	s.println("\n" + fmt.Sprintf(format, args...) + "\n")
}

// note prints something that was seen to happen.
func (s *screen) note(format string, args ...any) {
	s.println(time.Now().Format("  15:04:05.000  ") + fmt.Sprintf(format, args...))
}

// kubectl runs kubectl and shows the command and what it printed, warnings included.
func (s *screen) kubectl(ctx context.Context, args ...string) error {
	s.println("$ kubectl " + quoted(args))
	output, err := exec.CommandContext(ctx, "kubectl", args...).CombinedOutput()
	if text := strings.TrimRight(string(output), "\n"); text != "" {
		s.println(text)
	}
	if err != nil {
		return fmt.Errorf("running kubectl %s: %w", args[0], err)
	}
	return nil
}

// quoted writes arguments as a shell takes them.
func quoted(args []string) string {
	words := make([]string, len(args))
	for i, arg := range args {
		if words[i] = arg; strings.ContainsAny(arg, `{}" `) {
			words[i] = "'" + arg + "'"
		}
	}
	return strings.Join(words, " ")
}

// showTraffic prints once a second what came back since the line before.
func (s *screen) showTraffic(ctx context.Context, client *traffic.Client) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for shown := 0; ; {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		results := client.Results()
		s.note("answers in the last second: %s", count(results[shown:]))
		shown = len(results)
	}
}

func count(results []traffic.Result) string {
	answers, errors := map[string]int{}, 0
	for _, result := range results {
		if result.Err != nil {
			errors++
		} else {
			answers[result.Version]++
		}
	}
	return fmt.Sprintf("%3d of %s, %3d of %s, %d errors", answers[blue], blue, answers[green], green, errors)
}

// figures says what the requests saw, and how long traffic took to follow readiness.
func (s *screen) figures(report traffic.Report, delay time.Duration) {
	s.println(fmt.Sprintf("  %d requests, each over a connection of its own: %d errors", report.Total, len(report.Errors)))
	s.println(fmt.Sprintf("  %d mixed answers (of one version where only the other could answer)", len(report.Mixed)))
	for i, failed := range report.Errors {
		if i == 5 {
			break
		}
		s.println(fmt.Sprintf("    %s  %v", failed.Start.Format("15:04:05.000"), failed.Err))
	}
	if switched := report.Switches[0]; !switched.FirstNew.IsZero() {
		s.println(fmt.Sprintf("  %s: the start of the last request that %s answered", switched.LastOld.Format("15:04:05.000"), blue))
		s.println(fmt.Sprintf("  %s: the end of the first request that %s answered", switched.FirstNew.Format("15:04:05.000"), green))
	}
	s.println(fmt.Sprintf("  %s from Deployment nginx-%s being ready to the Service's selector being on it",
		delay.Round(100*time.Microsecond), green))
}
