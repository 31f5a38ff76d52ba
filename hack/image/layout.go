package main

import (
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// writeLayout writes one index with the image of each program.
func writeLayout(opts options, tag name.Tag) error {
	index, err := indexOf(opts)
	if err != nil {
		return fmt.Errorf("building %s: %w", opts.tag, err)
	}
	path, err := layout.Write(opts.layout, empty.Index)
	if err != nil {
		return fmt.Errorf("writing %s: %w", opts.layout, err)
	}
	// Tools look for one or the other: those of OCI for the tag alone, containerd for the whole name.
	names := map[string]string{
		"org.opencontainers.image.ref.name": tag.TagStr(),
		"io.containerd.image.name":          wholeName(tag),
	}
	if err := path.AppendIndex(index, layout.WithAnnotations(names)); err != nil {
		return fmt.Errorf("writing %s: %w", opts.layout, err)
	}
	return nil
}

// wholeName returns a name as containerd writes it, which calls Docker's registry not by its address.
func wholeName(tag name.Tag) string {
	if rest, ok := strings.CutPrefix(tag.Name(), name.DefaultRegistry+"/"); ok {
		return "docker.io/" + rest
	}
	return tag.Name()
}

func indexOf(opts options) (v1.ImageIndex, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, from := range opts.programs {
		img, err := build(opts, from)
		if err != nil {
			return nil, fmt.Errorf("for %s: %w", from.platform, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        img,
			Descriptor: v1.Descriptor{Platform: &from.platform},
		})
	}
	return index, nil
}
