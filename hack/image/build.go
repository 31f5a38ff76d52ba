package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// build makes the image of one program.
func build(opts options, from program) (v1.Image, error) {
	layer, err := layerOf(from.file, opts.path)
	if err != nil {
		return nil, err
	}
	created := v1.Time{Time: opts.created}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err := mutate.Append(base, mutate.Addendum{
		Layer:   layer,
		History: v1.History{Created: created, CreatedBy: "hack/image"},
	})
	if err != nil {
		return nil, fmt.Errorf("adding the layer: %w", err)
	}
	file, err := img.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("reading the config: %w", err)
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Created = from.platform.OS, from.platform.Architecture, created
	file.Config = v1.Config{Entrypoint: []string{opts.path}, User: opts.user, Env: opts.env, Labels: opts.labels, WorkingDir: "/"}
	return mutate.ConfigFile(img, file)
}

// layerOf makes a layer that holds the program alone, owned by root and writable by nobody. Its time is always the same: a
// program that has not changed is not stored and pulled anew.
func layerOf(program, path string) (v1.Layer, error) {
	content, err := os.ReadFile(program)
	if err != nil {
		return nil, fmt.Errorf("reading the program: %w", err)
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	header := &tar.Header{Name: strings.TrimPrefix(path, "/"), Mode: 0o555, Size: int64(len(content)), ModTime: time.Unix(0, 0)}
	if err := errors.Join(w.WriteHeader(header), write(w, content), w.Close()); err != nil {
		return nil, fmt.Errorf("packing the program: %w", err)
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(archive.Bytes())), nil
	}, tarball.WithMediaType(types.OCILayer))
}

func write(w io.Writer, content []byte) error {
	_, err := w.Write(content)
	return err
}
