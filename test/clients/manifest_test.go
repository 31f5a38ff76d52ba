//go:build e2e

package clients

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// service is the name of the Service in every cell, and the value of its label app.
const service = "web"

// manifest is what somebody wants a Service to be, as far as it matters here.
type manifest struct {
	Annotations map[string]string `json:"annotations,omitempty"`
	Selector    map[string]string `json:"selector,omitempty"`
}

// both is a manifest with a version in annotation and selector, annotated one in the annotation alone, and selecting one in
// the selector alone.
func both(version string) manifest      { return annotated(version).selects(version) }
func annotated(version string) manifest { return plain().with(bluegreen.TargetVersion, version) }
func selecting(version string) manifest { return plain().selects(version) }

// plain is a manifest without any version.
func plain() manifest { return manifest{Selector: map[string]string{"app": service}} }

func (m manifest) with(key, value string) manifest {
	m.Annotations = maps.Clone(m.Annotations)
	if m.Annotations == nil {
		m.Annotations = map[string]string{}
	}
	m.Annotations[key] = value
	return m
}

func (m manifest) selects(version string) manifest { return m.selectsKey("version", version) }

func (m manifest) selectsKey(key, value string) manifest {
	m.Selector = maps.Clone(m.Selector)
	m.Selector[key] = value
	return m
}

func (m manifest) selectsWithout(keys ...string) manifest {
	m.Selector = maps.Clone(m.Selector)
	for _, key := range keys {
		delete(m.Selector, key)
	}
	return m
}

// object returns the whole Service.
func (m manifest) object() *corev1.Service {
	return &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{Name: service, Annotations: m.Annotations},
		Spec: corev1.ServiceSpec{
			Selector: m.Selector,
			Ports:    []corev1.ServicePort{{Name: "http", Port: 80}},
		},
	}
}

// patch returns the change as a merge patch of the Service.
func (change change) patch() any {
	return map[string]any{
		"metadata": map[string]any{"annotations": change.annotations()},
		"spec":     map[string]any{"selector": change.selector()},
	}
}

func (change change) annotations() map[string]any {
	return changed(change.was.Annotations, change.want.Annotations)
}

func (change change) selector() map[string]any {
	return changed(change.was.Selector, change.want.Selector)
}

// changed are the wanted values, and nil for what was and shall not be.
func changed(was, want map[string]string) map[string]any {
	values := map[string]any{}
	for key := range was {
		values[key] = nil
	}
	for key, value := range want {
		values[key] = value
	}
	return values
}

func marshal(value any) []byte {
	data, err := yaml.Marshal(value)
	if err != nil {
		panic(err)
	}
	return data
}
