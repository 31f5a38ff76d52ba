package plugin

import (
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/bluegreen-k8s/bluegreen/test/terminal"
)

// runInTerminal starts the process in a terminal of a size, and returns where somebody types.
func (p *process) runInTerminal(columns, rows uint16) io.Writer {
	p.t.Helper()
	screen, program, err := terminal.Open(columns, rows)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _, _ = screen.Close(), program.Close() })
	p.command.Stdin, p.command.Stdout, p.command.Stderr = program, program, program
	p.command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	p.run()
	go func() { _, _ = io.Copy(&p.stdout, screen) }() // It ends with an error when nobody has the terminal open any more.
	return screen
}

func TestInATerminalStatusIsDrawnAgainInColourWithinItsSize(t *testing.T) {
	s := open(t)
	p := s.process("status", "nginx", "-w")
	p.command.Env = append(p.command.Env, "TERM=xterm")
	p.runInTerminal(60, 12)
	p.says(&p.stdout, "\x1b[2J\x1b[H")
	p.says(&p.stdout, "\x1b[32mStable\x1b[0m")

	s.annotate("bluegreen/target-version", "1.11")
	p.says(&p.stdout, "\x1b[33mWaiting, for ")
	p.says(&p.stdout, "Message:   No Deployment has pods labelled\x1b[K\r\n           name=nginx,version=1.11: create it, or set\x1b[K\r\n")
	p.interrupt()
	if output := p.end(); output.Err == nil || output.Err.Error() != "exit status 130" {
		t.Errorf("it ended with %v", output.Err)
	}
	for picture := range strings.SplitSeq(p.stdout.String(), "\x1b[H") {
		if lines := strings.Count(picture, "\n"); lines > 11 {
			t.Errorf("%d lines on a terminal of 12:\n%s", lines, picture)
		}
	}
}
