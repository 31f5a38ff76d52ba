// Command image makes a container image of one static program and writes it as a docker-archive file, which `ctr images
// import` and its kin read. The same program gives the same file, bit by bit.
package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// epoch dates everything in the image, so that builds can be compared.
var epoch = v1.Time{Time: time.Unix(0, 0).UTC()}

type options struct {
	program, path, tag, user, output string
	env                              []string
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	opts, err := parse(args)
	if err != nil {
		return err
	}
	tag, err := name.NewTag(opts.tag)
	if err != nil {
		return fmt.Errorf("parsing --tag: %w", err)
	}
	img, err := build(opts)
	if err != nil {
		return fmt.Errorf("building %s: %w", opts.tag, err)
	}
	if err := tarball.WriteToFile(opts.output, tag, img); err != nil {
		return fmt.Errorf("writing %s: %w", opts.output, err)
	}
	return nil
}

func parse(args []string) (options, error) {
	var opts options
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	flags.StringVar(&opts.program, "program", "", "`file` of the static program")
	flags.StringVar(&opts.path, "path", "", "the program's `path` in the image, which is also the entrypoint")
	flags.StringVar(&opts.tag, "tag", "", "the image's `name`, such as bluegreen:dev")
	flags.StringVar(&opts.user, "user", "", "`uid:gid` to run as (default root)")
	flags.StringVar(&opts.output, "output", "", "`file` to write")
	flags.Func("env", "`NAME=value` to set in the container; may be repeated", func(pair string) error {
		opts.env = append(opts.env, pair)
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	if opts.program == "" || !strings.HasPrefix(opts.path, "/") || opts.tag == "" || opts.output == "" {
		return options{}, errors.New("--program, --path (absolute), --tag and --output are needed")
	}
	return opts, nil
}

func build(opts options) (v1.Image, error) {
	layer, err := layerOf(opts.program, opts.path)
	if err != nil {
		return nil, err
	}
	img, err := mutate.Append(empty.Image, mutate.Addendum{
		Layer:   layer,
		History: v1.History{Created: epoch, CreatedBy: "hack/image"},
	})
	if err != nil {
		return nil, fmt.Errorf("adding the layer: %w", err)
	}
	file, err := img.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("reading the config: %w", err)
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Created = "linux", runtime.GOARCH, epoch
	file.Config = v1.Config{Entrypoint: []string{opts.path}, User: opts.user, Env: opts.env, WorkingDir: "/"}
	return mutate.ConfigFile(img, file)
}

// layerOf makes a layer that holds the program alone, owned by root and writable by nobody.
func layerOf(program, path string) (v1.Layer, error) {
	content, err := os.ReadFile(program)
	if err != nil {
		return nil, fmt.Errorf("reading the program: %w", err)
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	header := &tar.Header{Name: strings.TrimPrefix(path, "/"), Mode: 0o555, Size: int64(len(content)), ModTime: epoch.Time}
	if err := errors.Join(w.WriteHeader(header), write(w, content), w.Close()); err != nil {
		return nil, fmt.Errorf("packing the program: %w", err)
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(archive.Bytes())), nil
	})
}

func write(w io.Writer, content []byte) error {
	_, err := w.Write(content)
	return err
}
