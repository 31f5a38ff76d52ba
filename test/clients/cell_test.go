//go:build e2e

package clients

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// cell is one client in one situation. Its methods here are what a situation can have done, those in expectation_test.go what
// it can expect.
type cell struct {
	*namespace
	client client

	// last is the manifest that the client wrote last, and before the one before that.
	last, before manifest
	// said is what the client printed at its last write.
	said harness.Output

	// outcomes are what the situation is about; they become the text in the table.
	outcomes []outcome
	// moves are where traffic is expected to move.
	moves *moves
}

func newCell(t *testing.T, client client, meddler meddler) *cell {
	t.Helper()
	ns := newNamespace(t, meddler)
	return &cell{namespace: ns, client: client, moves: watchMoves(ns)}
}

// start has the client bring about the Service; one that only changes what is there finds it.
func (c *cell) start(m manifest) {
	c.Helper()
	if c.client.create != nil {
		c.client.create(c.namespace, m).Must(c)
	} else {
		c.createService(m.with("example.com/team", "web").object())
	}
	c.last, c.before = m, m
	c.settled()
}

// settled waits until the controller has looked at the Service.
func (c *cell) settled() *corev1.Service {
	c.Helper()
	return c.awaitService(service, "settled", func(s *corev1.Service) bool {
		return !managed(s) || !strings.HasPrefix(s.Annotations[bluegreen.MessageKey], "Asked to ")
	})
}

// write has the client write a manifest, and returns what came of it.
func (c *cell) write(m manifest) outcome {
	c.Helper()
	return c.judge(func() harness.Output {
		result := c.client.write(c.namespace, change{was: c.last, want: m})
		if result.Err == nil {
			c.last, c.before = m, c.last
		}
		return result
	})
}

// writeWith has the client write a manifest with flags, and returns what came of it. Going back does not go back behind it.
func (c *cell) writeWith(flags []string, m manifest) outcome {
	c.Helper()
	return c.judge(func() harness.Output { return c.client.write(c.namespace, change{was: c.last, want: m, flags: flags}) })
}

// dryRun has the client show what a write would do, and returns that.
func (c *cell) dryRun(m manifest) *corev1.Service {
	c.Helper()
	flags := []string{"--dry-run=server", "--output=yaml"}
	c.said = c.client.write(c.namespace, change{was: c.last, want: m, flags: flags}).Must(c)
	return c.printed()
}

// writeFile has the client, which is a kubectl command, write a file.
func (c *cell) writeFile(content string) outcome {
	c.Helper()
	return c.judge(func() harness.Output { return c.kubectlFile(c.client.file, []byte(content)) })
}

// back has the client return to what was before its last write.
func (c *cell) back() outcome {
	c.Helper()
	if c.client.rollback == nil {
		return c.write(c.before)
	}
	return c.judge(func() harness.Output {
		c.last, c.before = c.before, c.last
		return c.client.rollback(c.namespace)
	})
}

// judge compares the Service before and after a write.
func (c *cell) judge(write func() harness.Output) outcome {
	c.Helper()
	before := c.settled()
	c.said = write()
	after := c.get()
	return classify(before, after, c.said)
}

// byHand runs somebody's kubectl on the Service, which must succeed.
func (c *cell) byHand(args ...string) {
	c.Helper()
	c.settled()
	c.kubectl(args...).Must(c)
}

// asksByHand annotates the Service.
func (c *cell) asksByHand(version string) {
	c.Helper()
	c.byHand("annotate", "service", service, bluegreen.TargetVersion+"="+version, "--overwrite")
}
