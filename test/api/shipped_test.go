package api

import (
	"path/filepath"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/bluegreen-k8s/bluegreen/test/installation"
)

// adminKubeconfig is a file for programs that a cluster's owner runs.
func adminKubeconfig(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "admin.kubeconfig")
	if err := suite.WriteKubeconfig(path, nil); err != nil {
		t.Fatal(err)
	}
	return path
}

// user is the config of an installation's ServiceAccount.
func user(t *testing.T, installed *installation.Installation) *rest.Config {
	t.Helper()
	user, err := clientcmd.BuildConfigFromFlags("", installed.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	return user
}

// serving waits until the API server asks the webhook.
func serving(t *testing.T, namespace string) {
	t.Helper()
	if err := suite.AwaitWebhook(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
}
