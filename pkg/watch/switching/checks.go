package switching

import (
	"context"
	"maps"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen/ladder"
	"github.com/bluegreen-k8s/bluegreen/pkg/watch/cluster"
)

// observeChecks gathers what is known of the checks of a Service: its Jobs, of the cache or of the API server, and its previews, which are
// among some Services.
func (c *Controller) observeChecks(ctx context.Context, reader client.Reader, service bluegreen.Service,
	services []bluegreen.Service) (ladder.Checks, error) {
	if !c.checks {
		return ladder.Checks{}, nil
	}
	jobs, err := cluster.JobsOf(ctx, reader, service)
	return ladder.Checks{Enabled: true, Jobs: jobs, Previews: bluegreen.PreviewsOf(service, services)}, err
}

// endsCheck reports whether a decision ends a Job that runs.
func endsCheck(decision bluegreen.Decision) bool {
	return slices.ContainsFunc(decision.Writes, func(write bluegreen.Write) bool {
		end, is := write.Change.(bluegreen.EndCheck)
		if !is {
			return false
		}
		result, _ := bluegreen.ResultOf(end.Job)
		return result == ""
	})
}

// losesCheck reports whether a decision records that a Job was deleted before it ended.
func losesCheck(decision bluegreen.Decision) bool {
	return slices.ContainsFunc(decision.Writes, func(write bluegreen.Write) bool {
		change, is := write.Change.(bluegreen.WriteService)
		if !is {
			return false
		}
		known := bluegreen.CheckRecords(change.Observed)
		return slices.ContainsFunc(bluegreen.CheckRecords(change.Desired), func(record bluegreen.CheckRecord) bool {
			return record.Result == bluegreen.CheckLost && !slices.Contains(known, record)
		})
	})
}

// prepare returns a decision with the Jobs of the checks that it starts, and one by which they do not start if something is in the way.
func (c *Controller) prepare(ctx context.Context, state ladder.State, decision bluegreen.Decision) (bluegreen.Decision, error) {
	for i, write := range decision.Writes {
		start, is := write.Change.(bluegreen.StartCheck)
		if !is {
			continue
		}
		job, obstacle, err := c.cluster.Prepare(ctx, start)
		if obstacle != "" {
			return c.prepareDespite(ctx, state, start, obstacle)
		}
		if err != nil || job == nil {
			return bluegreen.Decision{}, err // It is on its way through the watch.
		}
		start.Job = job
		decision.Writes[i].Change = start
	}
	return decision, nil
}

// prepareDespite decides anew, knowing that a check cannot start.
func (c *Controller) prepareDespite(ctx context.Context, state ladder.State, start bluegreen.StartCheck,
	obstacle string) (bluegreen.Decision, error) {
	known := maps.Clone(state.Checks.Obstacles)
	if known == nil {
		known = map[string]string{}
	}
	known[start.Check.Job] = obstacle
	state.Checks.Obstacles = known
	return c.prepare(ctx, state, ladder.Decide(state))
}
