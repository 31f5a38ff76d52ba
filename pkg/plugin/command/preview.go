package command

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/follow"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/view"
)

// previews returns the previews of a Service, if they are to be waited for. Whoever may not see what they show would wait in vain.
func (d *deployer) previews(ctx context.Context, c *cluster, name string) ([]bluegreen.Service, error) {
	if !d.preview {
		return nil, nil
	}
	objects, err := follow.Read(ctx, c, c.namespace, follow.Shown...)
	if err != nil {
		return nil, err
	}
	if len(objects.Unreadable) > 0 {
		return nil, fmt.Errorf("which version a preview shows is seen by its endpoints and their pods: %s; without --preview, the command "+
			"ends once the version waits for approval", objects.Unreadable[0])
	}
	seen, _ := view.Of(objects, name, time.Now())
	var previews []bluegreen.Service
	for _, preview := range previewsOf(seen) {
		previews = append(previews, preview.Service)
	}
	return previews, nil
}

func previewsOf(seen view.View) []view.Service {
	var previews []view.Service
	for _, led := range seen.Led {
		if led.Preview {
			previews = append(previews, led)
		}
	}
	return previews
}

// shown reports whether all previews show the version that is asked for.
func shown(seen view.View) bool {
	for _, preview := range previewsOf(seen) {
		if !preview.Shows(seen.Service.Target) {
			return false
		}
	}
	return true
}

// toLook says how to look at the previews, a line each.
func toLook(seen view.View) string {
	var text strings.Builder
	for _, preview := range previewsOf(seen) {
		fmt.Fprintf(&text, "service/%s shows version %s%s\n", preview.Name, seen.Service.Target, toForward(preview.Service.Service))
	}
	return text.String()
}

// toForward returns the command that brings a port of a Service to this machine, to end a sentence with; empty if it has none for that.
func toForward(service *corev1.Service) string {
	for _, port := range service.Spec.Ports {
		if port.Protocol == corev1.ProtocolTCP {
			return fmt.Sprintf(": kubectl port-forward service/%s 8080:%d -n %s", service.Name, port.Port, service.Namespace)
		}
	}
	return ""
}
