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
//	            ask for another version
//	Stable ----------------------------------> Waiting   a rung does not hold:
//	 ^ |                                        |  ^ |   the message says which
//	 | | the switch, once every rung holds,     |  +-+   (Checking, Paused: see below)
//	 +-|----------------------------------------+
//	 | | or the ask is withdrawn                |  not ready within the deadline
//	 | |                                        v
//	 +-|-------------------------------------- Failed    until somebody asks anew
//	 | |                                       Failed    for a while: nothing to return to
//	 | |  what went live breaks in the window   ^
//	 | +----------------------------------------+
//	 |                                          v
//	 +-------------------------------------- RolledBack  until somebody asks anew
//	     withdrawn
//
// A Service is pending exactly when its selector is not on its target. The phase only reports that. There is no other state, so a
// restart at any line is harmless. Records (records.go) tell how it came about.
//
// # The ladder
//
// Decide (package ladder) climbs the same rungs at every event. The first that does not hold decides the phase, the message, the
// writes, and when to look again. A rung is a file with its own walks, and knows nothing of the others:
//
//	rung        holds when                                                file
//	managed     the Service has a target version or a leader              managed.go
//	valid       its annotations and its selector make sense               valid.go
//	led         its leader, if it has one, says which version is due      led.go
//	attempted   no record says that this ask failed or was rolled back    attempt.go
//	ready       every Deployment of the target passes the gate            gate.go, checks.go, ports.go, fewer.go, stuck.go
//	checked     the check before the switch succeeded (else Checking)     checked.go, run.go
//	approved    promotion is automatic, or approved (else Paused)         approval.go
//	moved       the selector is on the target                             moved.go
//	kept        what is live stays available, as far as that is asked     kept.go, rollback.go, checkafter.go
//
// A Service that is led has no attempt and no approval, and passes the gate only if it is not in step with its leader. A leader's rung
// ready holds when its followers' targets pass the gate too (led.go), and its rung moved moves them.
//
// The rungs from ready to moved are climbed only while a switch is pending: what is live is not judged by its entrance examination
// again. Wherever they hold traffic, what a switch has just made live is watched: if it breaks, traffic returns.
package bluegreen
