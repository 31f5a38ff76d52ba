package soundness

import (
	"cmp"
	"errors"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/apimachinery/pkg/util/version"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// oldest is the oldest Kubernetes that bluegreen works with, as in the chart's kubeVersion.
var oldest = version.MajorMinor(1, 30)

// restore is how whatever is missing comes back.
const restore = "the helm upgrade, or kubectl apply -k, by which it was installed brings it back"

// versionLabel is on every object of the chart.
const versionLabel = "app.kubernetes.io/version"

func kubernetes(facts Facts) []Finding {
	read := facts.Kubernetes
	if read.Err != nil {
		return []Finding{unknown("the version of the API server", read.Err)}
	}
	parsed, err := version.ParseGeneric(read.Value)
	switch {
	case err != nil:
		return []Finding{unknown("the version of the API server", err)}
	case parsed.LessThan(oldest):
		return []Finding{trouble("The API server is %s, and bluegreen needs %s or newer: upgrade the cluster", read.Value, oldest)}
	default:
		return []Finding{ok("The API server is %s", read.Value)}
	}
}

// none says that no installation was found, or that nobody can know.
func none(facts Facts) []Finding {
	if len(facts.Unfound) > 0 {
		return []Finding{unknown("whether bluegreen is installed", errors.Join(facts.Unfound...))}
	}
	return []Finding{trouble("bluegreen is not installed in this cluster: docs/operate.md says how to")}
}

// versions tells of two versions that differ. That is no trouble by itself.
func versions(facts Facts, i Installation) []Finding {
	deployment := i.Deployment.Value
	switch {
	case i.Deployment.Err != nil:
		return []Finding{unknown("the version of bluegreen", i.Deployment.Err)}
	case deployment == nil:
		return nil // Told already.
	case i.skewed(facts):
		return []Finding{ok("bluegreen is %s, and this plugin %s: a plugin of that version knows its policies and rights", i.version(),
			facts.Plugin)}
	default:
		return []Finding{ok("bluegreen is %s, and this plugin %s", i.version(), facts.Plugin)}
	}
}

// version returns the version of an installation, as far as its Deployment tells.
func (i Installation) version() string {
	if i.Deployment.Value == nil {
		return ""
	}
	tag := tagOf(image(i.Deployment.Value))
	if _, err := version.ParseSemantic(tag); err == nil {
		return tag
	}
	return cmp.Or(i.Deployment.Value.Labels[versionLabel], tag)
}

// skewed reports whether the installation is of another release than the plugin. Builds that are no release are taken for the same.
func (i Installation) skewed(facts Facts) bool {
	theirs, err := version.ParseSemantic(i.version())
	if err != nil {
		return false
	}
	ours, err := version.ParseSemantic(facts.Plugin)
	return err == nil && !ours.EqualTo(theirs)
}

func image(deployment *appsv1.Deployment) string {
	for _, container := range deployment.Spec.Template.Spec.Containers {
		if container.Name == "webhook" {
			return container.Image
		}
	}
	return ""
}

// tagOf returns the tag of an image; empty if it has a digest alone.
func tagOf(image string) string {
	image, _, _ = strings.Cut(image, "@")
	_, tag, _ := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	return tag
}

func deployment(_ Facts, i Installation) []Finding {
	if i.Deployment.Err != nil {
		return []Finding{unknown("whether bluegreen runs", i.Deployment.Err)}
	}
	found := i.Deployment.Value
	if found == nil {
		return []Finding{trouble("There is no Deployment %s in namespace %s: %s", i.Name, i.Namespace, restore)}
	}
	wanted, available := bluegreen.Replicas(found), found.Status.AvailableReplicas
	switch {
	case wanted == 0:
		return []Finding{trouble("Deployment %s has 0 replicas, so asks wait and nothing is held: kubectl scale deployment %s -n %s --replicas=2",
			i.Name, i.Name, i.Namespace)}
	case available < wanted:
		return []Finding{trouble("%d of %d replicas of Deployment %s are available; to see why: kubectl describe deployment %s -n %s, and "+
			"kubectl get pods -n %s", available, wanted, i.Name, i.Name, i.Namespace, i.Namespace)}
	default:
		return []Finding{ok("%d of %d replicas are available, with image %s", available, wanted, image(found))}
	}
}

// lapsed is after how long without a renewal there is no leader. A leader renews every second; the clocks of two machines may differ.
const lapsed = time.Minute

func leader(facts Facts, i Installation) []Finding {
	if i.Lease.Err != nil {
		return []Finding{unknown("who leads", i.Lease.Err)}
	}
	lease := i.Lease.Value
	if lease == nil || lease.Spec.HolderIdentity == nil || *lease.Spec.HolderIdentity == "" || lease.Spec.RenewTime == nil {
		return []Finding{trouble("Nobody leads, so no Service is switched; to see why: kubectl logs -n %s deployment/%s", i.Namespace, i.Name)}
	}
	holder, _, _ := strings.Cut(*lease.Spec.HolderIdentity, "_")
	if silent := facts.Now.Sub(lease.Spec.RenewTime.Time); silent > lapsed {
		return []Finding{trouble("%s led, and has not renewed Lease %s for %s, so no Service is switched; to see why: kubectl logs -n %s "+
			"deployment/%s", holder, LeaseName, duration.HumanDuration(silent), i.Namespace, i.Name)}
	}
	since := ""
	if lease.Spec.AcquireTime != nil {
		since = " for " + duration.HumanDuration(max(0, facts.Now.Sub(lease.Spec.AcquireTime.Time)))
	}
	return []Finding{ok("%s leads%s, and renews its Lease", holder, since)}
}
