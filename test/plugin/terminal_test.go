package plugin

import (
	"strings"
	"testing"

	"github.com/bluegreen-k8s/bluegreen/test/terminal"
)

func TestInATerminalStatusIsDrawnAgainInColourWithinItsSize(t *testing.T) {
	s := open(t)
	reads, prints, err := terminal.Open(60, 12)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = reads.Close(), prints.Close() })
	p := s.process("status", "nginx", "-w")
	p.command.Env = append(p.command.Env, "TERM=xterm")
	p.command.Stdout = prints
	p.run()
	go func() { // A terminal ends with an error when nobody has it open any more.
		buffer := make([]byte, 4096)
		for n, err := reads.Read(buffer); err == nil; n, err = reads.Read(buffer) {
			_, _ = p.stdout.Write(buffer[:n])
		}
	}()
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
