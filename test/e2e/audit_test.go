//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// auditLog is where the API server of the local cluster logs writes of Services; see test/cluster/config/audit-policy.yaml.
func auditLog() string { return filepath.Join(cluster.Root, "bin/cluster/audit.log") }

// write is one successful write of a Service, as the audit log has it. Unlike a watch, it has those that changed nothing.
type write struct {
	// RequestReceivedTimestamp is when the API server got it. The log is in order of the ends of requests: an ask that other work
	// holds up can end after the switch that it led to.
	RequestReceivedTimestamp metav1.MicroTime

	Verb      string
	User      struct{ Username string }
	ObjectRef struct{ Namespace, Name, Subresource string }

	ResponseStatus struct{ Code int }
	RequestObject  struct {
		Metadata struct{ Annotations map[string]*string }
		Spec     struct{ Selector map[string]*string }
	}
}

func (w write) byController() bool { return w.User.Username == controller }

// moves reports whether the write names a selector.
func (w write) moves() bool { return len(w.RequestObject.Spec.Selector) > 0 }

// asks reports whether the write is about the target version.
func (w write) asks() bool {
	_, asks := w.RequestObject.Metadata.Annotations[bluegreen.TargetVersion]
	return asks
}

// auditMark is a place in the audit log.
type auditMark int64

// markAudit returns the end of the audit log.
func markAudit(t *testing.T) auditMark {
	t.Helper()
	info, err := os.Stat(auditLog())
	if err != nil {
		t.Fatalf("these tests count writes in the local cluster's audit log: %v", err)
	}
	return auditMark(info.Size())
}

// writes returns the successful writes of the namespace's Services from the mark until now, in the order in which they came.
func (m auditMark) writes(t *testing.T, namespace string) []write {
	t.Helper()
	// The log is written after the answer. A write that is refused is the last line to wait for.
	services := cluster.CoreV1().Services(namespace)
	if err := services.Delete(t.Context(), endOfAudit, metav1.DeleteOptions{}); err == nil {
		t.Fatal("somebody has a Service " + endOfAudit)
	}
	var all []write
	err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, harness.Patience, true, func(context.Context) (bool, error) {
		var err error
		all, err = m.read(namespace)
		return len(all) > 0 && all[len(all)-1].ObjectRef.Name == endOfAudit, err
	})
	if err != nil {
		t.Fatalf("reading the audit log: %v", err)
	}
	var done []write
	for _, w := range all {
		if w.ResponseStatus.Code < 300 {
			done = append(done, w)
		}
	}
	slices.SortStableFunc(done, func(a, b write) int { return a.RequestReceivedTimestamp.Compare(b.RequestReceivedTimestamp.Time) })
	return done
}

// moves returns when the API server got the controller's writes that moved traffic, from the mark until now.
func (m auditMark) moves(t *testing.T, namespace string) []time.Time {
	t.Helper()
	var moves []time.Time
	for _, w := range m.writes(t, namespace) {
		if w.byController() && w.moves() {
			moves = append(moves, w.RequestReceivedTimestamp.Time)
		}
	}
	return moves
}

const endOfAudit = "end-of-audit"

// read reads what is in the log about a namespace. Its last line may be half written.
func (m auditMark) read(namespace string) ([]write, error) {
	file, err := os.Open(auditLog())
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if _, err := file.Seek(int64(m), io.SeekStart); err != nil {
		return nil, err
	}
	var all []write
	reader := bufio.NewReader(file)
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return all, nil
		}
		var w write
		if !strings.Contains(line, namespace) {
			continue
		}
		if err := json.Unmarshal([]byte(line), &w); err != nil {
			return nil, err
		}
		if w.ObjectRef.Namespace == namespace {
			all = append(all, w)
		}
	}
}
