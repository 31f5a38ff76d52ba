// Package walks has tests alone: walks through states of Services and Deployments that no hand-written walk thought of. They are drawn
// by seeds, in memory, without an API server and without a clock, so thousands of them take a few seconds. Package test/random does the
// like with the whole product and a real API server, in some hundred steps.
//
// # World
//
// A world (world_test.go) is one namespace: a Service web that is asked for versions, perhaps others beside it or led by it, and their
// Deployments. It holds
//
//   - what the API server stores (cluster_test.go). What users write passes the webhook, or, with that down, the policy, spelled once
//     more (webhook_test.go, policy_test.go);
//   - the Jobs that check versions, which succeed, fail, or are deleted, the CronJobs that they are made of, and somebody's Jobs under
//     their names (jobs_test.go, steps_jobs_test.go);
//   - the pods that really run, and the Deployment controller (kubernetes_test.go);
//   - a process of bluegreen (process_test.go): a cache that may be behind, both controllers (switching_test.go, protection_test.go),
//     and what they remember of drains. They decide by packages ladder and inuse, read from the API server where the real ones do, and
//     perform their writes one after the other (perform_test.go). Between two of them a user may write, and the process may end. Two
//     leaders are no more than that: an old cache, and an end between two writes;
//   - a time that only steps move.
//
// # Steps
//
// steps_test.go lists what may happen, and how often. Each step has dice of its own, from the seed and its number, so a walk that fails
// can be repeated without some of its steps. The shortest that fails the same rule is what a failure shows.
//
// # Rules
//
// rules_test.go lists what must hold, of every write and whenever bluegreen is at rest. The rules spell the promises of docs/design.md
// anew (facts_test.go, checks_test.go), apart from the code under test, and by the pods that run. combinations_test.go counts how often
// walks come by the situations in which options meet (recognize_checks_test.go those of checks), and fails if one is never reached.
// mutants_test.go and mutations_checks_test.go run the walks with decisions that are wrong on purpose, and expect the rule that is to find
// it out.
//
// # Where a change goes
//
// A new Change is performed in perform_test.go, a new step is a line of steps_test.go, a new rule one of rules_test.go.
package walks
