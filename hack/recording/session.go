package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/bluegreen-k8s/bluegreen/test/terminal"
)

// prompt is what a shell prints before a command.
const prompt = "$ "

// session is a program in a terminal.
type session struct {
	began   time.Time
	screen  *os.File
	command *exec.Cmd

	mu      sync.Mutex
	outputs []output
	printed chan struct{}

	// awaited is how much of what was printed was waited for.
	awaited int
}

// start runs a program in a terminal of so many rows, with the manifests in its directory.
func start(ctx context.Context, began time.Time, rows uint16, environment []string, words ...string) (*session, error) {
	screen, program, err := terminal.Open(columns, rows)
	if err != nil {
		return nil, fmt.Errorf("opening a terminal: %w", err)
	}
	defer program.Close()
	command := exec.CommandContext(ctx, words[0], words[1:]...)
	command.Dir, command.Env = manifests, environment
	command.Stdin, command.Stdout, command.Stderr = program, program, program
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := command.Start(); err != nil {
		_ = screen.Close()
		return nil, err
	}
	s := &session{began: began, screen: screen, command: command, printed: make(chan struct{}, 1)}
	go s.listen()
	return s, nil
}

// listen keeps what is printed. A terminal ends with an error when nobody has it open any more.
func (s *session) listen() {
	buffer := make([]byte, 64<<10)
	for n, err := s.screen.Read(buffer); err == nil; n, err = s.screen.Read(buffer) {
		s.mu.Lock()
		s.outputs = append(s.outputs, output{At: time.Since(s.began).Round(time.Millisecond), Text: bytes.Clone(buffer[:n])})
		s.mu.Unlock()
		select {
		case s.printed <- struct{}{}:
		default:
		}
	}
}

// await waits until a text is printed after what was awaited before.
func (s *session) await(ctx context.Context, text string) error {
	for {
		all := s.all()
		if i := strings.Index(all[s.awaited:], text); i >= 0 {
			s.awaited += i + len(text)
			return nil
		}
		select {
		case <-s.printed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %q: %w; what was printed is %q", text, ctx.Err(), all)
		}
	}
}

func (s *session) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var text strings.Builder
	for _, output := range s.outputs {
		text.Write(output.Text)
	}
	return text.String()
}

// enter types a command as a person does.
func (s *session) enter(command string) error {
	for _, key := range command + "\n" {
		if _, err := s.screen.WriteString(string(key)); err != nil {
			return err
		}
		time.Sleep(keystroke)
	}
	return nil
}

// end ends the program, and returns what it printed.
func (s *session) end() []output {
	_ = s.command.Process.Kill()
	_ = s.command.Wait()
	_ = s.screen.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.outputs
}
