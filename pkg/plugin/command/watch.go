package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"golang.org/x/term"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/follow"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/render"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/view"
)

// follow shows Services again whenever something changes. In a terminal it draws over what it drew before, each second at least, so that
// ages are right; elsewhere it prints what is new, a line each.
func (s *status) follow(ctx context.Context, c *cluster, name string) error {
	kinds := follow.All
	if name == "" {
		kinds = []follow.Kind{follow.Services}
	} else if _, err := c.service(ctx, name); err != nil {
		return err
	}
	screen, isTerminal := terminalOf(s.IOStreams)
	log := &log{out: s.Out}
	var ticks <-chan time.Time
	if isTerminal {
		s.connection.quiet()
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		ticks = ticker.C
	}
	return follow.Objects(ctx, c, c.namespace, kinds, ticks, func(objects view.Objects) (bool, error) {
		lines, facts, err := s.look(objects, name)
		if err != nil {
			return false, err
		}
		if isTerminal {
			screen.draw(append(render.Problem(s.connection.problem()), lines...))
		} else {
			log.print(facts)
		}
		return false, nil
	})
}

// look returns what is to be seen of a Service, or of all, as a picture and as a log.
func (s *status) look(objects view.Objects, name string) (render.Lines, []string, error) {
	now := time.Now()
	if name == "" {
		services := managed(objects)
		var facts []string
		for i := range services {
			facts = append(facts, render.Fact(&services[i], s.allNamespaces))
		}
		return s.table(services, now), facts, nil
	}
	seen, found := view.Of(objects, name, now)
	if !found {
		return nil, nil, fmt.Errorf("service/%s was deleted; to see the others: kubectl bluegreen status", name)
	}
	return render.View(seen), render.Facts(seen), nil
}

// terminal is where a picture is drawn over the one before.
type terminal struct {
	genericiooptions.IOStreams
	file  *os.File
	drawn bool
}

// terminalOf returns the terminal that is written to; false if that is none, or one that cannot be drawn on.
func terminalOf(streams genericiooptions.IOStreams) (*terminal, bool) {
	file, is := streams.Out.(*os.File)
	return &terminal{IOStreams: streams, file: file}, is && printers.IsTerminal(file) && os.Getenv("TERM") != "dumb"
}

// What a terminal is sent to draw over what is there.
const (
	clearScreen = "\x1b[2J"
	home        = "\x1b[H"
	clearLine   = "\x1b[K"
	clearRest   = "\x1b[J"
)

// draw draws as many lines as the terminal has.
func (t *terminal) draw(lines render.Lines) {
	text := home
	if !t.drawn {
		text = clearScreen + home
	}
	t.drawn = true
	if width, height, err := term.GetSize(int(t.file.Fd())); err == nil && width > 0 && height > 0 {
		lines = fit(lines, width, height-1)
	}
	for _, line := range lines {
		text += line.String(printers.AllowsColorOutput(t.Out)) + clearLine + "\n"
	}
	fmt.Fprint(t.Out, text+clearRest)
}

// fit returns lines within a width, and so many at most.
func fit(lines render.Lines, width, height int) render.Lines {
	var fitted render.Lines
	for _, line := range lines {
		fitted = append(fitted, line.Fit(width)...)
	}
	return fitted[:min(len(fitted), height)]
}

// log prints what is new since the last time.
type log struct {
	out    io.Writer
	before []string
}

func (l *log) print(facts []string) {
	for _, fact := range facts {
		if !slices.Contains(l.before, fact) {
			fmt.Fprintln(l.out, time.Now().Format(time.TimeOnly), fact)
		}
	}
	l.before = facts
}
