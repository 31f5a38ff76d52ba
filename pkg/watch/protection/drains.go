package protection

import (
	"maps"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Besides names of Services, drains know these: a rollout in place waits for other slots to be written, and nothing is known of a
// Service that left.
const (
	otherSlots     = "/slots"
	unknownService = ""
)

// drains remember since when traffic has left Deployments, by Service. It is memory on purpose: a restart only lengthens a drain,
// no clocks are compared, and nothing can be forged or lost.
type drains struct {
	mu   sync.Mutex
	left map[types.UID]map[string]time.Time
}

// leave notes that Services have left a Deployment now, unless that is known already.
func (d *drains) leave(deployment *appsv1.Deployment, services ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left == nil {
		d.left = map[types.UID]map[string]time.Time{}
	}
	if d.left[deployment.UID] == nil {
		d.left[deployment.UID] = map[string]time.Time{}
	}
	for _, service := range services {
		if _, known := d.left[deployment.UID][service]; !known {
			d.left[deployment.UID][service] = time.Now()
		}
	}
}

// comeBack notes that a Service uses a Deployment again.
func (d *drains) comeBack(deployment *appsv1.Deployment, service string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.left[deployment.UID], service)
	if len(d.left[deployment.UID]) == 0 {
		delete(d.left, deployment.UID)
	}
}

// forget drops what is known of a Deployment.
func (d *drains) forget(deployment *appsv1.Deployment) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.left, deployment.UID)
}

// since returns when Services left a Deployment, by name; false if nothing is known of it.
func (d *drains) since(deployment *appsv1.Deployment) (map[string]time.Time, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	known, found := d.left[deployment.UID]
	return maps.Clone(known), found
}
