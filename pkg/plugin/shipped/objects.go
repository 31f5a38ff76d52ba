package shipped

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/bluegreen-k8s/bluegreen/config"
)

// objects returns the objects of the manifests, with the users of an installation in their texts. This program was built with the
// manifests: that they cannot be read is a fault of it, which any test would find.
func objects(o Options) []runtime.Object {
	users := strings.NewReplacer(
		namespace+":"+name+"-uninstall", o.Namespace+":"+o.Name+"-uninstall",
		namespace+":"+name, o.Namespace+":"+o.Account,
	)
	var found []runtime.Object
	err := fs.WalkDir(config.Manifests, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Base(file) == "kustomization.yaml" {
			return err
		}
		text, err := config.Manifests.ReadFile(file)
		if err != nil {
			return err
		}
		read, err := parse(users.Replace(string(text)))
		found = append(found, read...)
		return err
	})
	if err != nil {
		panic(fmt.Errorf("reading the manifests that this program was built with: %w", err))
	}
	return found
}

// parse reads the objects of one file.
func parse(text string) ([]runtime.Object, error) {
	var found []runtime.Object
	reader := yaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		if len(bytes.TrimSpace(document)) == 0 {
			continue
		}
		object, _, err := scheme.Codecs.UniversalDeserializer().Decode(document, nil, nil)
		if err != nil {
			return nil, err
		}
		found = append(found, object)
	}
}
