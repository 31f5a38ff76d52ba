package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

func TestImageHoldsTheProgramAndIsReproducible(t *testing.T) {
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte("not really a program"), 0o600); err != nil {
		t.Fatal(err)
	}
	first, second := imageOf(t, program), imageOf(t, program)
	if !bytes.Equal(read(t, first), read(t, second)) {
		t.Error("two builds of the same program differ")
	}
	if !bytes.Contains(read(t, first), []byte(`"RepoTags":["bluegreen:dev"]`)) {
		t.Error("the manifest does not name bluegreen:dev")
	}

	image, err := tarball.ImageFromPath(first, nil)
	if err != nil {
		t.Fatal(err)
	}
	file, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config := file.Config; config.Entrypoint[0] != "/webhook" || config.User != "65532:65532" || config.Env[0] != "A=B" {
		t.Errorf("config is %+v", config)
	}
	if layers, err := image.Layers(); err != nil || len(layers) != 1 {
		t.Errorf("%d layers, error %v; want one", len(layers), err)
	}
}

// imageOf builds an image of a program, and returns its path.
func imageOf(t *testing.T, program string) string {
	t.Helper()
	output := filepath.Join(t.TempDir(), "image.tar")
	if err := run([]string{
		"--program", program,
		"--path", "/webhook",
		"--tag", "bluegreen:dev",
		"--user", "65532:65532",
		"--env", "A=B",
		"--output", output,
	}); err != nil {
		t.Fatal(err)
	}
	return output
}

func TestErrors(t *testing.T) {
	needed := []string{"--program=p", "--path=/p", "--tag=p"}
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no program":        {args: []string{"--tag=p"}, want: "--program, --path (absolute) and --tag are needed"},
		"nowhere to write":  {args: needed, want: "either --output or --layout is needed"},
		"two places":        {args: append(needed, "--output=o", "--layout=l"), want: "either --output or --layout is needed"},
		"too many programs": {args: append(needed, "--program=linux/arm64=q", "--output=o"), want: "several need --layout"},
		"a name":            {args: []string{"--program=p", "--path=/p", "--tag=P:", "--output=o"}, want: "parsing --tag"},
		"no such program":   {args: append(needed, "--output=o"), want: "no such file or directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := run(test.args); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
