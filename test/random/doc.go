// Package random lets writers of all kinds write in random order to a real API server, ends and kills bluegreen between, and judges
// every version of every object that was ever stored. It tests what nobody thought of: the other tests say what happens in a
// situation, this one looks for the situation.
//
// # World
//
// The world is two namespaces on one API server. In each there are four Deployments, web-0 to web-3, of versions 1, 2 and 3, and a
// Service web that bluegreen manages; the first has two more Services: admin, which nobody has adopted yet, and api, which starts
// with a pending switch. In the second, web has a follower, twin, and a preview, peek, which nobody writes: they move with web. A step
// is one of stepKinds, drawn by weight:
//
//   - Somebody writes a Service: what is one or two of serviceChanges, and how is one of writers, from kubectl annotate to
//     server-side apply and a write of the status.
//   - Something happens to a Deployment: its owner writes it, scales it or deletes it, or the Deployment controller, which the test
//     plays, reports a status.
//   - A chart with blue in it is upgraded: the ask for green, and the deletion or scale-down of blue, in one breath.
//   - What a Service asks for becomes ready.
//   - What a Service has its traffic on breaks.
//   - A Service is deleted and created again.
//   - bluegreen's process ends, is killed, or is cut off from the API server, for a dozen steps at most.
//
// # History
//
// Two watches record every version of every Service and Deployment. All objects of an API server share one sequence of
// resourceVersions, so the history can tell exactly what an object was when another one was written. Every write of the test
// carries a marker of its own in an annotation; what changes an object and leaves the marker alone was written by bluegreen's
// controllers.
//
// # Rules
//
// What docs/design.md promises about Services and Deployments is spelled once more in the files rules_*_test.go, apart from the
// code under test: what is managed, what is pending, what carries traffic, what is in use.
//
// # Checker
//
// Every 50 steps the checker judges what the history has gained. Of a write of the test it asks: did traffic stay, were the
// writer's words kept, does the phase fit, was a scale-down held exactly where it had to be. Of a write of the controllers: did it
// change nothing but what is bluegreen's own, did traffic move only to what was asked for and ready, or back to what it had just
// left and from what broke, was nothing unprotected that was in use or that traffic may return to. The controllers act on what they
// have read, which may be older than what is stored. So a rule that they must obey holds if it held at some moment between what they
// had surely read and their write. How far they have read, sentinels tell: a Service waits for ever for a Deployment that nobody else
// names, and a new one with a new name takes its place now and then.
//
// After the last step the test repairs every Service, makes ready what each asks for, and expects that every ask is reached, that
// nothing is left behind, not even of a rollback, and that the controllers write nothing more, not even after a restart.
//
// # Running it
//
// `make test` runs it with each seed of testdata/seeds, which once found a defect, and with one new seed for 300 steps. Longer, or
// once more with the seed that a failure printed:
//
//	go test ./test/random -seed=4247337248 -steps=5000 -timeout=60m
//
// The seed decides what is tried in which order. How that interleaves with the controllers is up to the machine, so a failure may
// need several runs to come back. A seed that found a defect goes into testdata/seeds, with a sentence about the defect.
package random
