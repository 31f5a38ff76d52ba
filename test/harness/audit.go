package harness

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
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
)

// auditLog is where the API server of the local cluster logs writes of Services; see test/cluster/config/audit-policy.yaml.
func (c *Cluster) auditLog() string { return filepath.Join(c.Root, "bin/cluster/audit.log") }

// Write is one successful write of a Service, as the audit log has it. Unlike a watch, it has those that changed nothing.
type Write struct {
	// RequestReceivedTimestamp is when the API server got it. The log is in order of the ends of requests: an ask that other work
	// holds up can end after the switch that it led to.
	RequestReceivedTimestamp metav1.MicroTime

	Verb       string
	RequestURI string
	User       struct{ Username string }
	ObjectRef  struct{ Namespace, Name, Subresource string }

	ResponseStatus struct{ Code int }
	RequestObject  requestObject
}

// requestObject is what a write says of a Service.
type requestObject struct {
	Metadata struct{ Annotations map[string]*string }
	Spec     struct{ Selector map[string]*string }
}

// UnmarshalJSON passes over a JSON patch, which is a list: bluegreen sends none, and Argo CD only for managed fields.
func (o *requestObject) UnmarshalJSON(written []byte) error {
	if bytes.HasPrefix(written, []byte("[")) {
		return nil
	}
	type fields requestObject
	return json.Unmarshal(written, (*fields)(o))
}

// controller is the user name of bluegreen's controller, as hack/install and the tests install it.
const controller = "system:serviceaccount:" + Installed + ":" + Release

// ByController reports whether bluegreen made the write.
func (w Write) ByController() bool { return w.User.Username == controller }

// Moves reports whether the write names a selector.
func (w Write) Moves() bool { return len(w.RequestObject.Spec.Selector) > 0 }

// DryRun reports whether the write was a rehearsal, which is stored nowhere.
func (w Write) DryRun() bool { return strings.Contains(w.RequestURI, "dryRun=All") }

// looks reports whether the write is how bluegreen finds out, now and then, whether the API server reaches its webhook. It is about no
// switch, as a rehearsal is.
func (w Write) looks() bool { return w.ByController() && w.DryRun() && !w.Moves() }

// Asks reports whether the write is about the target version.
func (w Write) Asks() bool {
	_, asks := w.RequestObject.Metadata.Annotations[bluegreen.TargetVersion]
	return asks
}

// AuditMark is a place in the audit log.
type AuditMark struct {
	cluster *Cluster
	offset  int64
}

// MarkAudit returns the end of the audit log.
func (c *Cluster) MarkAudit(t testing.TB) AuditMark {
	t.Helper()
	info, err := os.Stat(c.auditLog())
	if err != nil {
		t.Fatalf("these tests count writes in the local cluster's audit log: %v", err)
	}
	return AuditMark{c, info.Size()}
}

// Writes returns the successful writes of the namespace's Services from the mark until now, in the order in which they came. Looks at
// whether the webhook is reached are left out.
func (m AuditMark) Writes(t testing.TB, namespace string) []Write {
	t.Helper()
	// The log is written after the answer. A write that is refused is the last line to wait for, and made again as long as others come
	// after it.
	services := m.cluster.CoreV1().Services(namespace)
	var all []Write
	err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, Patience, true, func(ctx context.Context) (bool, error) {
		err := services.Delete(ctx, endOfAudit, metav1.DeleteOptions{})
		if err == nil {
			return false, errors.New("somebody has a Service " + endOfAudit)
		}
		all, err = m.read(namespace)
		return len(all) > 0 && all[len(all)-1].ObjectRef.Name == endOfAudit, err
	})
	if err != nil {
		t.Fatalf("reading the audit log: %v", err)
	}
	var done []Write
	for _, w := range all {
		if w.ResponseStatus.Code < 300 && !w.looks() {
			done = append(done, w)
		}
	}
	slices.SortStableFunc(done, func(a, b Write) int { return a.RequestReceivedTimestamp.Compare(b.RequestReceivedTimestamp.Time) })
	return done
}

// Moves returns when the API server got the controller's writes that moved traffic, from the mark until now.
func (m AuditMark) Moves(t testing.TB, namespace string) []time.Time {
	t.Helper()
	var moves []time.Time
	for _, w := range m.Writes(t, namespace) {
		if w.ByController() && w.Moves() {
			moves = append(moves, w.RequestReceivedTimestamp.Time)
		}
	}
	return moves
}

const endOfAudit = "end-of-audit"

// read reads what is in the log about a namespace. Its last line may be half written.
func (m AuditMark) read(namespace string) ([]Write, error) {
	file, err := os.Open(m.cluster.auditLog())
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if _, err := file.Seek(m.offset, io.SeekStart); err != nil {
		return nil, err
	}
	var all []Write
	reader := bufio.NewReader(file)
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return all, nil
		}
		var w Write
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
