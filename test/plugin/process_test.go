package plugin

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// process is the plugin while it runs.
type process struct {
	t              *testing.T
	command        *exec.Cmd
	stdout, stderr output
	exited         chan struct{}
	err            error
}

// output is what a process has printed so far. It tells of each write.
type output struct {
	mu      sync.Mutex
	text    bytes.Buffer
	written chan struct{}
}

// Write implements io.Writer.
func (o *output) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.written <- struct{}{}:
	default:
	}
	return o.text.Write(text)
}

// String returns all that was printed.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// start runs kubectl bluegreen in the shop, without waiting for its end.
func (s *shop) start(args ...string) *process {
	s.t.Helper()
	p := s.process(args...)
	p.command.Stdout = &p.stdout
	p.run()
	return p
}

// process returns kubectl bluegreen in the shop, not started yet and without a place for what it prints to stdout.
func (s *shop) process(args ...string) *process {
	return s.other(s.program, append(args, "-n", s.namespace)...)
}

// other returns another program as the plugin, not started yet.
func (s *shop) other(name string, args ...string) *process {
	p := &process{t: s.t, command: exec.Command(name, args...), exited: make(chan struct{})}
	p.stdout.written, p.stderr.written = make(chan struct{}, 1), make(chan struct{}, 1)
	p.command.Env = append(os.Environ(), "KUBECONFIG="+s.kubeconfig)
	p.command.Stderr = &p.stderr
	return p
}

// run starts the process, which ends with the test at the latest.
func (p *process) run() {
	p.t.Helper()
	if err := p.command.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func() {
		p.err = p.command.Wait()
		close(p.exited)
	}()
	p.t.Cleanup(func() {
		_ = p.command.Process.Kill()
		<-p.exited
	})
}

// says waits until the process has printed a text, to stdout or stderr.
func (p *process) says(from *output, text string) {
	p.t.Helper()
	late := time.After(patience)
	for !strings.Contains(from.String(), text) {
		select {
		case <-from.written:
		case <-p.exited:
			if !strings.Contains(from.String(), text) {
				p.t.Fatalf("it ended (%v) before it said %q\nstdout %s\nstderr %s", p.err, text, &p.stdout, &p.stderr)
			}
		case <-late:
			p.t.Fatalf("it has not said %q within %v\nstdout %s\nstderr %s", text, patience, &p.stdout, &p.stderr)
		}
	}
}

// interrupt does what Ctrl-C does.
func (p *process) interrupt() {
	p.t.Helper()
	if err := p.command.Process.Signal(syscall.SIGINT); err != nil {
		p.t.Fatal(err)
	}
}

// end waits until the process has ended.
func (p *process) end() harness.Output {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(patience):
		p.t.Fatalf("it has not ended within %v\nstdout %s\nstderr %s", patience, &p.stdout, &p.stderr)
	}
	return harness.Output{Stdout: p.stdout.String(), Stderr: p.stderr.String(), Err: p.err}
}
