//go:build e2e

package clients

import (
	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// What a client does with a Service that follows another one.

const leader = "leader"

// following is a manifest of a Service that follows the leader.
func following() manifest { return plain().with(bluegreen.Follows, leader) }

// leads creates a Service of the same pods that is on a version, and asked for it.
func (c *cell) leads(version string) {
	c.Helper()
	object := both(version).object()
	object.Name = leader
	c.createService(object)
}

// leaderAsks asks the leader for a version.
func (c *cell) leaderAsks(version string) {
	c.Helper()
	c.kubectl("annotate", "service", leader, bluegreen.TargetVersion+"="+version, "--overwrite").Must(c)
}

// follows has the client bring about a follower, which gets its version from the leader.
func (c *cell) follows() {
	c.Helper()
	c.moves.expect("1.10")
	c.start(following())
	c.awaitVersion(service, "1.10")
}

func followerAgain(c *cell) {
	c.leads("1.10")
	c.follows()
	c.record(c.write(following()))
	c.leaderAsks("1.11")
	c.record(c.write(following()))
	c.becomesReady("1.11")
	c.record(c.write(following()))
}

func followerAdopted(c *cell) {
	c.leads("1.10")
	c.start(selecting("1.10"))
	c.record(c.write(selecting("1.10").with(bluegreen.Follows, leader)))
	c.reaches(bluegreen.Stable)
}

func followerGivenBack(c *cell) {
	c.leads("1.10")
	c.follows()
	c.leaderAsks("1.11")
	c.record(c.write(plain()))
	c.isPlain()
	c.staysThough("1.11")
}

func followerWithOptions(c *cell) {
	c.leads("1.10")
	c.follows()
	c.record(c.write(following().with(bluegreen.Ready, "complete")))
	c.heard(`Unsupported value: "bluegreen/ready": supported values: "bluegreen/follows", "bluegreen/version-label"`)
}
