// Package bluegreen is the vocabulary of blue/green switching for plain Services: the annotations, a Service whose annotations
// have been read, what Deployments carry, and the form that a decision takes. It has no client, no context, no clock and no log.
//
// Three packages below it decide, as pure functions of what they are given:
//
//	admission  what becomes of somebody's write of a Service or a Deployment
//	ladder     what to do about a Service
//	inuse      what to do about a Deployment that is in use, or was
//
// pkg/mutate and pkg/watch ask them and carry out what they say.
//
// # The states of a managed Service
//
// A Service is pending exactly when its selector is not on its target. There is no other state, so a restart at any line is
// harmless. The phase says it to people:
//
//	            the ask changes
//	   +------------------------------+
//	   |                              v
//	Stable                         Waiting  <--+ a check of the gate fails:
//	   ^                              |   |    | the message says which
//	   |   every rung holds:          |   +----+
//	   +------------------------------+
//	       one write moves the selector
//
// # The ladder
//
// Decide (package ladder) climbs the same rungs at every event. The first that does not hold decides the phase, the message and
// the writes. A rung is a file with its own walks:
//
//	rung      holds when                                        file
//	managed   the Service has a target version                  managed.go
//	valid     its annotations and its selector make sense       valid.go
//	ready     every target Deployment passes the gate           gate.go, checks.go
//	moved     the selector is on the target                     moved.go
//	kept      what is live stays as it is                       kept.go
//
// The rungs to come fit in between: "not given up" after valid, "checked" and "approved" after ready. Like ready, they are
// climbed only while a switch is pending: what is live is not judged by its entrance examination again.
package bluegreen
