package command

import (
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/cli-runtime/pkg/resource"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// manifests reads the objects of files, directories or standard input ("-").
func (p *plugin) manifests(namespace string, files []string) ([]*resource.Info, error) {
	if len(files) == 0 {
		return nil, nil
	}
	return resource.NewBuilder(p.flags).
		Unstructured().
		NamespaceParam(namespace).DefaultNamespace().
		FilenameParam(false, &resource.FilenameOptions{Filenames: files}).
		Flatten().
		Do().Infos()
}

// onlyAsksFor returns an error if a manifest asks the Service of a name for another version: it would move traffic there first.
func onlyAsksFor(infos []*resource.Info, namespace, name, version string) error {
	for _, info := range infos {
		object, err := meta.Accessor(info.Object)
		if err != nil {
			return err
		}
		isIt := isService(info) && info.Namespace == namespace && info.Name == name
		if asks, found := object.GetAnnotations()[bluegreen.TargetVersion]; isIt && found && asks != version {
			return fmt.Errorf("the manifest of service/%s in %s asks for version %s (%s), not for %s: correct it, or leave it out",
				name, info.Source, asks, bluegreen.TargetVersion, version)
		}
	}
	return nil
}

func isService(info *resource.Info) bool {
	return info.Mapping.GroupVersionKind.GroupKind().String() == "Service"
}

// apply applies objects on the server, and says so as kubectl apply does.
func (p *plugin) apply(infos []*resource.Info, force bool) error {
	printer := printers.NamePrinter{Operation: "serverside-applied"}
	for _, info := range infos {
		manifest, err := runtime.Encode(unstructured.UnstructuredJSONScheme, info.Object)
		if err != nil {
			return fmt.Errorf("encoding %s %s: %w", info.Mapping.GroupVersionKind.Kind, info.Name, err)
		}
		applied, err := resource.NewHelper(info.Client, info.Mapping).WithFieldManager(fieldManager).
			Patch(info.Namespace, info.Name, types.ApplyPatchType, manifest, &metav1.PatchOptions{Force: &force})
		if apierrors.IsConflict(err) {
			return fmt.Errorf("%w; nobody was asked for anything; to take these fields over, repeat the command with --force-conflicts", err)
		}
		if err != nil {
			return err
		}
		if err := printer.PrintObj(applied, p.Out); err != nil {
			return err
		}
	}
	return nil
}
