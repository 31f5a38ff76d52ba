package pages

import (
	"fmt"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/bluegreen-k8s/bluegreen/test/traffic"
)

// assets is how many a page names.
const assets = 10

// part is what came of one request for a page: for its HTML, or for one of its assets.
type part struct {
	// version answered, over a connection that has no other's name; both are empty if there was no answer.
	version, connection string

	// status is of the answer, and err tells why there was none that counts.
	status int
	err    error
}

// answered returns a part that a server has answered, as its header Server tells.
func answered(server, connection string, status int) part {
	p := part{version: traffic.ParseVersion(server), connection: connection, status: status}
	switch {
	case p.version == "":
		p.err = fmt.Errorf("no version in the answer's header Server: %q", server)
	case status != http.StatusOK && status != http.StatusNotFound:
		p.err = fmt.Errorf("status %d", status)
	}
	return p
}

// load is a page that was loaded: its HTML and what that names, in no order.
type load struct {
	start, end time.Time
	parts      []part
}

// versions are those that answered.
func (l load) versions() sets.Set[string] {
	versions := sets.New[string]()
	for _, p := range l.parts {
		if p.version != "" {
			versions.Insert(p.version)
		}
	}
	return versions
}

// mixed reports whether two versions answered.
func (l load) mixed() bool { return len(l.versions()) > 1 }

// missing reports whether an asset was not there.
func (l load) missing() bool {
	for _, p := range l.parts {
		if p.status == http.StatusNotFound {
			return true
		}
	}
	return false
}

// failure is why a request failed, or why the page is not complete for another reason; nil for a page as it should be, and also for one
// that lacks an asset.
func (l load) failure() error {
	for _, p := range l.parts {
		if p.err != nil {
			return p.err
		}
	}
	if len(l.parts) != 1+assets {
		return fmt.Errorf("%d requests for a page of %d assets", len(l.parts), assets)
	}
	return nil
}

// whole reports whether all of a page is there, and of one version.
func (l load) whole(version string) bool {
	return l.failure() == nil && !l.missing() && l.versions().Equal(sets.New(version))
}

// connections is how many a page came over.
func (l load) connections() int {
	connections := sets.New[string]()
	for _, p := range l.parts {
		if p.connection != "" {
			connections.Insert(p.connection)
		}
	}
	return len(connections)
}
