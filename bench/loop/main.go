// Command loop is the limit that the benchmarks compare with: it watches the Deployments of a namespace and patches the selector
// of a Service as soon as one of them becomes available, with nothing else in between.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/pflag"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/bluegreen-k8s/bluegreen/bench/follow"
)

// workers is how many patch at once: as many as in bluegreen.
const workers = 30

func main() {
	namespace := pflag.String("namespace", "", "Namespace of the Deployments and of their Services.")
	pflag.Parse()
	if err := run(ctrl.SetupSignalHandler(), *namespace); err != nil {
		fmt.Fprintln(os.Stderr, "loop:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, namespace string) error {
	config, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	config.QPS, config.ContentType = -1, "application/vnd.kubernetes.protobuf"
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	list, err := clients.AppsV1().Deployments(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	available := map[string]bool{}
	for i := range list.Items {
		available[list.Items[i].Name] = follow.Available(&list.Items[i])
	}
	became := make(chan *appsv1.Deployment, 10000)
	for range workers {
		go func() {
			for deployment := range became {
				if err := move(ctx, clients, deployment); err != nil {
					fmt.Fprintln(os.Stderr, "loop:", err)
				}
			}
		}()
	}
	return follow.Objects(ctx, clients.AppsV1().Deployments(namespace).Watch, list.ResourceVersion, func(object runtime.Object) {
		deployment := object.(*appsv1.Deployment)
		before := available[deployment.Name]
		available[deployment.Name] = follow.Available(deployment)
		if !before && available[deployment.Name] {
			became <- deployment
		}
	})
}

func move(ctx context.Context, clients kubernetes.Interface, deployment *appsv1.Deployment) error {
	labels := deployment.Spec.Template.Labels
	patch := fmt.Appendf(nil, `{"spec":{"selector":{"version":%q}}}`, labels["version"])
	_, err := clients.CoreV1().Services(deployment.Namespace).Patch(ctx, labels["name"], types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}
