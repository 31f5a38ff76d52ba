// Package health tests the health checks that examples/ offers to users of GitOps tools.
package health

import (
	"os"
	"testing"

	lua "github.com/yuin/gopher-lua"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	luajson "layeh.com/gopher-json"
	"sigs.k8s.io/yaml"
)

func TestArgoCDShowsWhatBluegreenSays(t *testing.T) {
	const (
		waits = "Deployment nginx-1.11: waiting for MinimumReplicasAvailable"
		ready = "Version 1.11 is ready, and waits for approval"
		late  = "Version 1.11 was not ready 10m0s after it was asked for"
		broke = "Version 1.11 was rolled back 1m0s after the switch"
		zero  = "Deployment nginx-1.10: serves and has 0 replicas"

		noAddress = "waiting for an address of the load balancer"
	)
	for name, test := range map[string]struct {
		service         *corev1.Service
		status, message string
	}{
		"a switch is pending":        {service: service("Waiting", waits), status: "Progressing", message: waits},
		"it is checked":              {service: service("Checking", ready), status: "Progressing", message: ready},
		"an approval is missing":     {service: service("Paused", ready), status: "Suspended", message: ready},
		"the ask has failed":         {service: service("Failed", late), status: "Degraded", message: late},
		"the ask was rolled back":    {service: service("RolledBack", broke), status: "Degraded", message: broke},
		"a balancer, and failed":     {service: balanced(service("Failed", late)), status: "Degraded", message: late},
		"at rest":                    {service: service("Stable", ""), status: "Healthy"},
		"at rest, with trouble":      {service: service("Stable", zero), status: "Healthy", message: zero},
		"not managed":                {service: service("", ""), status: "Healthy"},
		"a balancer with no address": {service: balanced(service("", "")), status: "Progressing", message: noAddress},
		"a balancer with an address": {service: balanced(service("Stable", ""), "192.0.2.1"), status: "Healthy"},
		"a balancer, and pending":    {service: balanced(service("Waiting", waits)), status: "Progressing", message: waits},
	} {
		t.Run(name, func(t *testing.T) {
			if status, message := argoCDHealth(t, test.service); status != test.status || message != test.message {
				t.Errorf("got %s, %q; want %s, %q", status, message, test.status, test.message)
			}
		})
	}
}

// argoCDHealth runs the script as Argo CD does: with the libraries base and table, and the object as a table.
func argoCDHealth(t *testing.T, service *corev1.Service) (status, message string) {
	t.Helper()
	var configMap struct{ Data map[string]string }
	read(t, "../../examples/argo-cd/health.yaml", &configMap)
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		if err := state.CallByParam(lua.P{Fn: state.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			t.Fatal(err)
		}
	}
	state.SetGlobal("obj", luajson.DecodeValue(state, content(t, service)))
	if err := state.DoString(configMap.Data["resource.customizations.health.Service"]); err != nil {
		t.Fatal(err)
	}
	health, is := state.Get(-1).(*lua.LTable)
	if !is {
		t.Fatalf("returned %v", state.Get(-1))
	}
	if found, has := health.RawGetString("message").(lua.LString); has {
		message = string(found)
	}
	return health.RawGetString("status").String(), message
}

// service is a Service with what bluegreen writes on it; "" for nothing.
func service(phase, message string) *corev1.Service {
	made := &corev1.Service{Spec: corev1.ServiceSpec{Selector: map[string]string{"name": "nginx", "version": "1.10"}}}
	made.Namespace, made.Name = "default", "nginx"
	for key, value := range map[string]string{"bluegreen/phase": phase, "bluegreen/message": message} {
		if value == "" {
			continue
		}
		if made.Annotations == nil {
			made.Annotations = map[string]string{}
		}
		made.Annotations[key] = value
	}
	return made
}

// balanced makes a Service one of a load balancer, with its addresses.
func balanced(service *corev1.Service, addresses ...string) *corev1.Service {
	service.Spec.Type = corev1.ServiceTypeLoadBalancer
	for _, address := range addresses {
		service.Status.LoadBalancer.Ingress = append(service.Status.LoadBalancer.Ingress, corev1.LoadBalancerIngress{IP: address})
	}
	return service
}

// content is a Service as it comes from the API server.
func content(t *testing.T, service *corev1.Service) map[string]any {
	t.Helper()
	decoded, err := runtime.DefaultUnstructuredConverter.ToUnstructured(service)
	if err != nil {
		t.Fatal(err)
	}
	decoded["apiVersion"], decoded["kind"] = "v1", "Service"
	return decoded
}

func read(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = yaml.UnmarshalStrict(data, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}
