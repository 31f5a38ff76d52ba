package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

func TestLayoutHasAnImageForEachPlatform(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1795852800")
	named, index := layoutOf(t)
	if err := validate.Index(index); err != nil {
		t.Error(err)
	}
	if named.MediaType != types.OCIImageIndex || named.Annotations["org.opencontainers.image.ref.name"] != "1.2.3" ||
		named.Annotations["io.containerd.image.name"] != "registry.example/bluegreen:1.2.3" {
		t.Errorf("index.json names %+v", named)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	for i, architecture := range []string{"amd64", "arm64"} {
		described := manifest.Manifests[i]
		if described.MediaType != types.OCIManifestSchema1 || described.Platform.Architecture != architecture {
			t.Errorf("manifest %d is described as %+v", i, described)
		}
		assertConfig(t, index, described.Digest, architecture)
	}
	if again, _ := layoutOf(t); again.Digest != named.Digest {
		t.Errorf("two builds of the same programs are %s and %s", named.Digest, again.Digest)
	}
}

// TestLayoutNamesAnImageAsContainerdDoes: containerd would not find an image of Docker's registry under the registry's address.
func TestLayoutNamesAnImageAsContainerdDoes(t *testing.T) {
	for repository, want := range map[string]string{
		"registry.example/team/bluegreen": "registry.example/team/bluegreen:1.2.3",
		"bluegreen-k8s/bluegreen":         "docker.io/bluegreen-k8s/bluegreen:1.2.3",
		"bluegreen":                       "docker.io/library/bluegreen:1.2.3",
	} {
		tag, err := name.NewTag(repository + ":1.2.3")
		if err != nil {
			t.Fatal(err)
		}
		if got := wholeName(tag); got != want {
			t.Errorf("%s is named %s, want %s", repository, got, want)
		}
	}
}

func assertConfig(t *testing.T, index v1.ImageIndex, digest v1.Hash, architecture string) {
	t.Helper()
	image, err := index.Image(digest)
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	created := config.Created.Format(time.RFC3339)
	if config.OS != "linux" || config.Architecture != architecture || created != "2026-11-28T08:00:00Z" ||
		config.Config.Labels["org.opencontainers.image.version"] != "1.2.3" {
		t.Errorf("the config for %s is %+v", architecture, config)
	}
}

// layoutOf writes a layout of two programs, and returns what its index.json names.
func layoutOf(t *testing.T) (v1.Descriptor, v1.ImageIndex) {
	t.Helper()
	directory := t.TempDir()
	args := []string{"--path=/webhook", "--tag=registry.example/bluegreen:1.2.3", "--layout=" + filepath.Join(directory, "layout"),
		"--label=org.opencontainers.image.version=1.2.3"}
	for _, platform := range []string{"linux/amd64", "linux/arm64"} {
		program := filepath.Join(directory, filepath.Base(platform))
		if err := os.WriteFile(program, []byte("a program for "+platform), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--program="+platform+"="+program)
	}
	if err := run(args); err != nil {
		t.Fatal(err)
	}
	root, err := layout.ImageIndexFromPath(filepath.Join(directory, "layout"))
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := root.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	index, err := root.ImageIndex(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	return manifest.Manifests[0], index
}
