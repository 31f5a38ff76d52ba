// Command picture draws the picture of a switch that README shows: once for light pages, once for dark ones.
package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: picture DIRECTORY")
	}
	for _, s := range []scheme{light, dark} {
		if err := os.WriteFile(filepath.Join(args[0], "switch-"+s.name+".svg"), draw(s), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// The picture is a timeline, from left to right. These are its instants.
const (
	begin   = 152.0
	asked   = 296.0
	moved   = 548.0
	drained = 744.0
	end     = 936.0
)

// From top to bottom: what serves, the Service between the two versions, and the target. Requests go up, then down.
const (
	width, height  = 960.0, 372.0
	bar            = 46.0
	blueTop        = 100.0
	serviceTop     = 188.0
	greenTop       = 276.0
	betweenArrows  = 30.0
	halfATextWidth = 72.0 // Of what stands between the arrows, with some room.
)

// draw returns the picture as SVG. The same scheme gives the same bytes.
func draw(s scheme) []byte {
	c := &canvas{scheme: s}
	c.open(width, height)
	c.instants()
	c.blue()
	c.service()
	c.green()
	c.traffic()
	return c.close()
}

// instants draws what happens when, and a line down from each.
func (c *canvas) instants() {
	for _, i := range []struct {
		x               float64
		happens, detail string
	}{
		{asked, "You ask for 1.11", "bluegreen/target-version"},
		{moved, "1.11 is ready", "one write moves all traffic"},
		{drained, "30 s later", "1.10 has drained"},
	} {
		c.dashed(i.x, 22, i.x, greenTop+bar+30)
		c.circle(i.x, 26, 4.5, c.ink, c.ink)
		c.text(i.x+12, 31, strong, c.ink, i.happens)
		c.text(i.x+12, 50, small, c.faint, i.detail)
	}
	c.text(begin, 31, strong, c.ink, "1.10 serves")
}

// blue draws the version that serves first.
func (c *canvas) blue() {
	middle := blueTop + bar/2
	c.lane(middle, "Deployment", "nginx-1.10")
	c.kept(begin, drained, blueTop-9, blueTop-15)
	c.rect(begin, blueTop, moved-begin, bar, c.blueFull, c.blueFull, false)
	c.text(begin+16, middle+5, strong, c.onFull, "serves")
	c.pods(begin+90, middle, 3, c.onFull)
	c.rect(moved, blueTop, drained-moved, bar, c.bluePale, c.blueFull, false)
	c.text(moved+16, middle+5, strong, c.blueInk, "drains")
	c.pods(moved+90, middle, 3, c.blueInk)
	c.rect(drained, blueTop, end-drained, bar, "none", c.faint, true)
	c.text(drained+16, middle-3, strong, c.ink, "unprotected")
	c.text(drained+16, middle+15, small, c.faint, "a deletion takes effect")
}

// service draws the selector and the phase, which change in one write.
func (c *canvas) service() {
	middle := serviceTop + bar/2
	c.lane(middle, "Service", "nginx")
	c.rect(begin, serviceTop, moved-begin, bar, c.bluePale, c.blueFull, false)
	c.rect(moved, serviceTop, end-moved, bar, c.greenPale, c.greenFull, false)
	for _, s := range []struct {
		x               float64
		selector, phase string
		ink             string
	}{
		{begin, "version: 1.10", "Stable", c.blueInk},
		{asked, "version: 1.10", "Waiting", c.blueInk},
		{moved + 8, "version: 1.11", "Stable", c.greenInk},
	} {
		c.text(s.x+16, middle-4, code, s.ink, s.selector)
		c.text(s.x+16, middle+15, small, c.faint, s.phase)
	}
	c.circle(moved, middle, 9, c.paper, c.ink)
	c.circle(moved, middle, 3.5, c.ink, c.ink)
}

// green draws the target: from the ask, pod by pod, until it serves.
func (c *canvas) green() {
	middle := greenTop + bar/2
	c.lane(middle, "Deployment", "nginx-1.11")
	c.kept(asked, end, greenTop+bar+9, greenTop+bar+25)
	c.rect(asked, greenTop, moved-asked, bar, c.greenPale, c.greenFull, false)
	c.text(asked+16, middle+5, strong, c.greenInk, "starts")
	for ready := range 3 {
		c.pods(asked+82+float64(ready)*60, middle, ready, c.greenInk)
	}
	c.rect(moved, greenTop, end-moved, bar, c.greenFull, c.greenFull, false)
	c.text(moved+16, middle+5, strong, c.onFull, "serves")
	c.pods(moved+90, middle, 3, c.onFull)
}

// traffic draws every request: up to blue, and from the switch on down to green.
func (c *canvas) traffic() {
	c.requests(begin, moved, serviceTop-5, blueTop+bar+6, c.blueInk, (asked+moved)/2, "all traffic to 1.10")
	c.requests(moved, end, serviceTop+bar+5, greenTop-6, c.greenInk, (moved+drained)/2, "all traffic to 1.11")
}

// requests draws arrows side by side, and between them what they are.
func (c *canvas) requests(left, right, from, to float64, ink string, center float64, say string) {
	c.centered(center, (from+to)/2+5, ink, say)
	for x := left + 24; x < right-10; x += betweenArrows {
		crossesALine := math.Abs(x-asked) < 10 || math.Abs(x-drained) < 10
		if math.Abs(x-center) > halfATextWidth && !crossesALine {
			c.arrow(x, from, to, ink)
		}
	}
}

// lane names what a row is about.
func (c *canvas) lane(middle float64, kind, name string) {
	c.text(24, middle-4, small, c.faint, kind)
	c.text(24, middle+15, code, c.ink, name)
}

// kept draws for how long bluegreen protects a Deployment.
func (c *canvas) kept(from, to, y, textY float64) {
	c.line(from+2, y, to-2, y, c.faint, 2)
	c.text(asked+12, textY, small, c.faint, "protected: a deletion waits")
}

// pods draws three pods, of which the first are ready.
func (c *canvas) pods(x, y float64, ready int, ink string) {
	for i := range 3 {
		fill := "none"
		if i < ready {
			fill = ink
		}
		c.circle(x+float64(i)*16, y, 5, fill, ink)
	}
}
