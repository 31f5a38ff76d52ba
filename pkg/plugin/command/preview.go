package command

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/cli-runtime/pkg/resource"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/follow"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/view"
)

// hasPreview reports whether a Service has a preview, or gets one by the manifests, if that is to be waited for. Whoever may not see what
// it shows would wait in vain.
func (d *deployer) hasPreview(ctx context.Context, c *cluster, name string, manifests []*resource.Info) (bool, error) {
	if !d.preview {
		return false, nil
	}
	objects, err := follow.Read(ctx, c, c.namespace, follow.Shown...)
	if err != nil {
		return false, err
	}
	if len(objects.Unreadable) > 0 {
		return false, fmt.Errorf("which version a preview shows is seen by its endpoints and their pods: %s; without --preview, the command "+
			"ends once the version waits for approval", objects.Unreadable[0])
	}
	seen, _ := view.Of(objects, name, time.Now())
	return len(previewsOf(seen)) > 0 || slices.ContainsFunc(manifests, func(info *resource.Info) bool {
		object, err := meta.Accessor(info.Object)
		return err == nil && isService(info) && info.Namespace == c.namespace && object.GetAnnotations()[bluegreen.PreviewOf] == name
	}), nil
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

// shown reports whether all previews show the version that is asked for, once that has come as far as it can.
func shown(far bool, seen view.View) (bool, error) {
	previews := previewsOf(seen)
	if len(previews) == 0 {
		return false, fmt.Errorf("the previews of service/%s were deleted meanwhile; the ask stays", seen.Service.Name)
	}
	return far && !slices.ContainsFunc(previews, func(preview view.Service) bool { return !preview.Shows(seen.Service.Target) }), nil
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
