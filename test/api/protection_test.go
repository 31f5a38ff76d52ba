package api

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	appsv1apply "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1apply "k8s.io/client-go/applyconfigurations/core/v1"
	metav1apply "k8s.io/client-go/applyconfigurations/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const finalizer = "bluegreen/in-use-protection"

// deploymentUntil watches a Deployment until it is as asked; nil means that it is gone.
func deploymentUntil(t *testing.T, deployment *appsv1.Deployment, what string, is func(*appsv1.Deployment) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	only := client.MatchingFields{"metadata.name": deployment.Name}
	watcher, err := admin.Watch(ctx, &appsv1.DeploymentList{}, client.InNamespace(deployment.Namespace), only)
	if err != nil {
		t.Fatal(err)
	}
	defer watcher.Stop()
	var list appsv1.DeploymentList
	if err := admin.List(ctx, &list, client.InNamespace(deployment.Namespace), only); err != nil {
		t.Fatal(err)
	}
	if len(list.Items) == 0 && is(nil) {
		return
	}
	var last *appsv1.Deployment
	for event := range watcher.ResultChan() {
		if last, _ = event.Object.(*appsv1.Deployment); event.Type == "DELETED" {
			last = nil
		}
		if is(last) {
			return
		}
	}
	t.Fatalf("%s did not come about within %v; last seen: %+v", what, patience, last)
}

func protected(d *appsv1.Deployment) bool {
	return d != nil && slices.Contains(d.Finalizers, finalizer)
}

func gone(d *appsv1.Deployment) bool { return d == nil }

// protectedPair is a Service on 1.10, which is protected, and a 1.11 that is not ready.
func protectedPair(t *testing.T) (nginx *corev1.Service, blue, green *appsv1.Deployment) {
	t.Helper()
	ns := suite.Namespace(t)
	serving(t, ns)
	blue, green = deployment(t, ns, "1.10"), deployment(t, ns, "1.11")
	available(t, blue, true)
	nginx = service(ns, "1.10", "1.10")
	if err := admin.Create(t.Context(), nginx); err != nil {
		t.Fatal(err)
	}
	deploymentUntil(t, blue, "protection of what serves", protected)
	return nginx, blue, green
}

func ask(t *testing.T, nginx *corev1.Service, version string) {
	t.Helper()
	if err := annotate(t, admin, nginx, "bluegreen/target-version", version); err != nil {
		t.Fatal(err)
	}
}

func TestBlueDeletedWhileASwitchIsHeldLivesUntilTrafficHasMoved(t *testing.T) {
	shipped.StartFor(t)
	nginx, blue, green := protectedPair(t)
	ask(t, nginx, "1.11")
	if err := admin.Delete(t.Context(), blue, client.PropagationPolicy("Background")); err != nil {
		t.Fatal(err)
	}
	key := client.ObjectKeyFromObject(nginx)
	until(t, key, "the deletion is told", message("Deployment nginx-1.10: serves and is being deleted"))

	giveBack := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"annotations":{"bluegreen/target-version":null}}}`))
	err := admin.Patch(t.Context(), nginx.DeepCopy(), giveBack)
	if !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "Deployment nginx-1.10 serves and is being deleted") {
		t.Fatalf("giving back a Service while its blue would die: got %v, want a 422", err)
	}
	// Helm 3's rollback takes off what its chart does not name.
	human, warned := recorded(t)
	strip := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))
	if err := human.Patch(t.Context(), blue.DeepCopy(), strip); err != nil {
		t.Fatal(err)
	}
	want := "keeps bluegreen/in-use-protection, because Deployment nginx-1.10 serves"
	if texts := warned.take(); len(texts) != 1 || !strings.Contains(texts[0], want) {
		t.Errorf("warnings %q", texts)
	}
	deploymentUntil(t, blue, "the finalizer is still there", protected)
	available(t, green, true)
	until(t, key, "traffic moves", live("1.11"))
	deploymentUntil(t, blue, "the end of blue", gone)
	deploymentUntil(t, green, "protection of what serves now", protected)
}

func TestBlueIsUnprotectedWhenNothingUsesItAnyMore(t *testing.T) {
	first := shipped.StartFor(t)
	for name, end := range map[string]func(*corev1.Service){
		"the Service is deleted": func(nginx *corev1.Service) {
			if err := admin.Delete(t.Context(), nginx); err != nil {
				t.Fatal(err)
			}
		},
		"the Service is given back": func(nginx *corev1.Service) {
			giveBack := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"annotations":{"bluegreen/target-version":null}}}`))
			if err := admin.Patch(t.Context(), nginx, giveBack); err != nil {
				t.Fatal(err)
			}
		},
		"the protection is switched off": func(nginx *corev1.Service) {
			if err := annotate(t, admin, nginx, "bluegreen/in-use-protection", "disabled"); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			nginx, blue, _ := protectedPair(t)
			end(nginx)
			deploymentUntil(t, blue, "the finalizer's end", func(d *appsv1.Deployment) bool { return d != nil && !protected(d) })
		})
	}
	t.Run("while the controller was away", func(t *testing.T) {
		nginx, blue, _ := protectedPair(t)
		first.End(t.Context(), syscall.SIGTERM)
		if err := admin.Delete(t.Context(), nginx); err != nil {
			t.Fatal(err)
		}
		if err := admin.Delete(t.Context(), blue); err != nil {
			t.Fatal(err)
		}
		shipped.StartFor(t)
		deploymentUntil(t, blue, "the end of blue", gone)
	})
}

// scaleTo writes what a chart with blue at a replica count writes.
func scaleTo(t *testing.T, c client.Client, blue *appsv1.Deployment, replicas int32) {
	t.Helper()
	patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, replicas))
	if err := c.Patch(t.Context(), blue.DeepCopy(), patch); err != nil {
		t.Fatal(err)
	}
}

func hasReplicas(count int32) func(*appsv1.Deployment) bool {
	return func(d *appsv1.Deployment) bool {
		return d != nil && *d.Spec.Replicas == count && d.Annotations["bluegreen/scale-to-zero-after"] == ""
	}
}

func TestBlueScaledToZeroWhileASwitchIsHeldServesUntilTrafficHasMoved(t *testing.T) {
	shipped.StartFor(t)
	human, warned := recorded(t)
	for name, test := range map[string]struct {
		then func(nginx *corev1.Service, blue, green *appsv1.Deployment)
		want int32
	}{
		"and the switch comes": {
			then: func(_ *corev1.Service, _, green *appsv1.Deployment) { available(t, green, true) },
			want: 0,
		},
		"and somebody scales it since": {
			then: func(_ *corev1.Service, blue, green *appsv1.Deployment) {
				scaleTo(t, admin, blue, 4)
				available(t, green, true)
			},
			want: 4,
		},
		"and the Service is deleted": {
			then: func(nginx *corev1.Service, _, _ *appsv1.Deployment) {
				if err := admin.Delete(t.Context(), nginx); err != nil {
					t.Fatal(err)
				}
			},
			want: 1,
		},
		"and the ask is withdrawn": {
			then: func(nginx *corev1.Service, _, _ *appsv1.Deployment) { ask(t, nginx, "1.10") },
			want: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			nginx, blue, green := protectedPair(t)
			ask(t, nginx, "1.11")
			scaleTo(t, human, blue, 0)
			if texts := warned.take(); len(texts) != 1 || !strings.Contains(texts[0], "stays 1 while Deployment nginx-1.10 serves Service nginx") {
				t.Fatalf("warnings %q", texts)
			}
			deploymentUntil(t, blue, "the scale-down is held", func(d *appsv1.Deployment) bool {
				return *d.Spec.Replicas == 1 && d.Annotations["bluegreen/scale-to-zero-after"] == "nginx/"+string(d.UID)+"/1"
			})
			test.then(nginx, blue, green)
			deploymentUntil(t, blue, "the scale-down's end", hasReplicas(test.want))
		})
	}
	t.Run("with nothing pending it is the writer's right", func(t *testing.T) {
		nginx, blue, _ := protectedPair(t)
		scaleTo(t, human, blue, 0)
		deploymentUntil(t, blue, "the scale-down", hasReplicas(0))
		until(t, client.ObjectKeyFromObject(nginx), "a warning", func(s *corev1.Service) bool {
			return strings.Contains(s.Annotations["bluegreen/message"], "Deployment nginx-1.10: serves and has 0 replicas")
		})
	})
}

func TestAnUninstallLeavesNoFinalizerAndLetsNothingDieThatServes(t *testing.T) {
	running := shipped.StartFor(t)
	nginx, blue, green := protectedPair(t)
	ask(t, nginx, "1.11")
	if err := admin.Delete(t.Context(), blue); err != nil {
		t.Fatal(err)
	}
	running.End(t.Context(), syscall.SIGTERM)

	uninstall := func() (string, error) {
		command := exec.Command(shipped.Program, "uninstall",
			"--namespace="+shipped.Namespace, "--deployment="+shipped.Name, "--watch-namespaces="+nginx.Namespace)
		command.Env = append(os.Environ(), "KUBECONFIG="+adminKubeconfig(t))
		output, err := command.CombinedOutput()
		return string(output), err
	}
	output, err := uninstall()
	want := "refusing to unprotect Deployment nginx-1.10 in namespace " + nginx.Namespace + ": it serves and is being deleted"
	if err == nil || !strings.Contains(output, want) {
		t.Fatalf("while blue would die: %v %s", err, output)
	}
	if err := admin.Delete(t.Context(), nginx); err != nil {
		t.Fatal(err)
	}
	if output, err := uninstall(); err != nil {
		t.Fatalf("%v %s", err, output)
	}
	deploymentUntil(t, blue, "the end of blue", gone)
	deploymentUntil(t, green, "no finalizer", func(d *appsv1.Deployment) bool { return d != nil && !protected(d) })
}

// TestAnUninstallThatIsToldToEndStartsBluegreenAgain: the Job has a deadline, and a node may be drained.
func TestAnUninstallThatIsToldToEndStartsBluegreenAgain(t *testing.T) {
	ns := suite.Namespace(t)
	own := deployment(t, ns, "1.10")
	replicas := *own.Spec.Replicas
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "stays", Labels: own.Spec.Selector.MatchLabels},
		Spec:       own.Spec.Template.Spec,
	}
	if err := admin.Create(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(shipped.Program, "uninstall", "--namespace="+ns, "--deployment="+own.Name, "--watch-namespaces="+ns)
	command.Env = append(os.Environ(), "KUBECONFIG="+adminKubeconfig(t))
	var output strings.Builder
	command.Stderr = &output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	deploymentUntil(t, own, "the stop", hasReplicas(0))
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err == nil || !strings.Contains(output.String(), "was given its ") {
		t.Errorf("%v: %s", err, output.String())
	}
	deploymentUntil(t, own, "the start", hasReplicas(replicas))
}

// slot applies a Deployment as a chart with blue/green values does in Helm 4, without forcing conflicts.
func slot(t *testing.T, namespace, version string, replicas int32) {
	t.Helper()
	labels := map[string]string{"name": "nginx", "version": version}
	applied := appsv1apply.Deployment("nginx-"+version, namespace).WithSpec(appsv1apply.DeploymentSpec().
		WithReplicas(replicas).
		WithSelector(metav1apply.LabelSelector().WithMatchLabels(labels)).
		WithTemplate(corev1apply.PodTemplateSpec().WithLabels(labels).
			WithSpec(corev1apply.PodSpec().WithContainers(corev1apply.Container().WithName("nginx").WithImage("nginx:" + version)))))
	if err := admin.Apply(t.Context(), applied, client.FieldOwner("helm")); err != nil {
		t.Fatalf("applying nginx-%s with %d replicas: %v", version, replicas, err)
	}
}

func TestASlotThatWasScaledDownIsUsedAgainWithoutAConflict(t *testing.T) {
	shipped.StartFor(t)
	ns := suite.Namespace(t)
	serving(t, ns)
	blue, green := &appsv1.Deployment{}, &appsv1.Deployment{}
	upgrade := func(version string, blueReplicas, greenReplicas int32) {
		chart(t, ns, version, map[string]string{"name": "nginx"})
		slot(t, ns, "1.10", blueReplicas)
		slot(t, ns, "1.11", greenReplicas)
		for name, deployment := range map[string]*appsv1.Deployment{"nginx-1.10": blue, "nginx-1.11": green} {
			if err := admin.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: name}, deployment); err != nil {
				t.Fatal(err)
			}
		}
	}
	key := client.ObjectKey{Namespace: ns, Name: "nginx"}
	upgrade("1.10", 2, 0)
	available(t, blue, true)
	deploymentUntil(t, blue, "protection of what serves", protected)
	upgrade("1.11", 0, 2)
	available(t, green, true)
	until(t, key, "traffic moves", live("1.11"))
	deploymentUntil(t, blue, "the scale-down", hasReplicas(0))
	upgrade("1.10", 2, 0)
	available(t, blue, true)
	until(t, key, "traffic moves back", live("1.10"))
	deploymentUntil(t, green, "the scale-down", hasReplicas(0))
}
