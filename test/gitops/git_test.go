//go:build e2e

package gitops

import (
	"fmt"
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bluegreen-k8s/bluegreen/test/harness"
)

// gitServer serves repositories over HTTP, as a Git host does.
type gitServer struct{ dir, url string }

// serveGit serves the repositories in a directory, until the process ends.
func serveGit(dir string) (*gitServer, error) {
	git, err := exec.LookPath("git")
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	backend := &cgi.Handler{
		Path: git,
		Args: []string{"http-backend"},
		Env:  []string{"GIT_PROJECT_ROOT=" + dir, "GIT_HTTP_EXPORT_ALL=1"},
	}
	server := &http.Server{Handler: backend}
	go func() { fmt.Fprintln(os.Stderr, "gitops:", server.Serve(listener)) }()
	return &gitServer{dir, "http://" + listener.Addr().String()}, nil
}

// repository is one of them, with a working tree.
type repository struct {
	dir, url string
	// commit is the newest.
	commit string
}

func (s *gitServer) create(t testing.TB, name string) *repository {
	t.Helper()
	r := &repository{dir: filepath.Join(s.dir, name), url: s.url + "/" + name + "/.git"}
	harness.Run(t, "git", "init", "--quiet", "--initial-branch=main", r.dir)
	return r
}

// put commits the manifest that the repository consists of.
func (r *repository) put(t testing.TB, manifest string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, "app.yaml"), []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	r.git(t, "add", "--all")
	r.git(t, "-c", "user.name=gitops", "-c", "user.email=gitops@example.com", "commit", "--quiet", "--message", "app.yaml")
	r.commit = strings.TrimSpace(r.git(t, "rev-parse", "HEAD"))
}

func (r *repository) git(t testing.TB, args ...string) string {
	t.Helper()
	return harness.Run(t, "git", append([]string{"-C", r.dir}, args...)...).Stdout
}
