package plane

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/prometheus/procfs"
)

// Process is a program that runs beside the control plane.
type Process struct {
	command *exec.Cmd
	exited  chan struct{}
}

// Run starts a program, whose log goes to a file of its name, and ends it with the plane.
func (p *Plane) Run(name, program string, args ...string) (*Process, error) {
	log, err := os.Create(filepath.Join(p.Dir, name+".log"))
	if err != nil {
		return nil, err
	}
	started := &Process{command: exec.Command(program, args...), exited: make(chan struct{})}
	started.command.Env = append(os.Environ(), "KUBECONFIG="+p.Kubeconfig)
	started.command.Stdout, started.command.Stderr = log, log
	if err := started.command.Start(); err != nil {
		_ = log.Close()
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	go func() {
		_ = started.command.Wait()
		_ = log.Close()
		close(started.exited)
	}()
	p.AtEnd(started.End)
	return started, nil
}

// PID is the number of the process.
func (p *Process) PID() int { return p.command.Process.Pid }

// End ends the process.
func (p *Process) End() {
	_ = p.command.Process.Signal(syscall.SIGTERM)
	<-p.exited
}

// Usage is what a process has taken so far.
type Usage struct {
	CPU time.Duration
	// Resident and Peak are its resident memory in bytes, now and at most.
	Resident, Peak uint64
}

// UsageOf reads what a process has taken so far.
func UsageOf(pid int) (Usage, error) {
	proc, err := procfs.NewProc(pid)
	if err != nil {
		return Usage{}, err
	}
	stat, err := proc.Stat()
	if err != nil {
		return Usage{}, err
	}
	status, err := proc.NewStatus()
	if err != nil {
		return Usage{}, err
	}
	return Usage{CPU: time.Duration(stat.CPUTime() * float64(time.Second)), Resident: status.VmRSS, Peak: status.VmHWM}, nil
}
