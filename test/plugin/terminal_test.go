package plugin

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// terminal returns both ends of a terminal of a size: what is printed to the second one is read from the first.
func terminal(t *testing.T, columns, rows uint16) (reads, prints *os.File) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	reads, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	must(err)
	t.Cleanup(func() { _ = reads.Close() })
	number, err := unix.IoctlGetInt(int(reads.Fd()), unix.TIOCGPTN)
	must(err)
	must(unix.IoctlSetPointerInt(int(reads.Fd()), unix.TIOCSPTLCK, 0))
	must(unix.IoctlSetWinsize(int(reads.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: columns, Row: rows}))
	prints, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	must(err)
	t.Cleanup(func() { _ = prints.Close() })
	return reads, prints
}

func TestInATerminalStatusIsDrawnAgainInColourAndCutToItsSize(t *testing.T) {
	s := open(t)
	reads, prints := terminal(t, 60, 12)
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
	p.says(&p.stdout, "Message:   No Deployment has pods labelled name=nginx,versio\x1b[K")
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
