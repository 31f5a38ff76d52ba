package metrics

import "time"

// SetClock makes a Census look at another clock.
func (c *Census) SetClock(now func() time.Time) { c.now = now }

// RemembersReady returns of how many Services a Census remembers when their version was ready.
func (c *Census) RemembersReady() int { return len(c.ready) }
