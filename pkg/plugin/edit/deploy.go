package edit

import (
	"fmt"
	"strings"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// Deploy asks for a version, also again for one that was given up, and approves it if that is wanted and needed.
func Deploy(service bluegreen.Service, version string, approve bool) (Edit, error) {
	if problems := bluegreen.InvalidVersion(version); len(problems) > 0 {
		return Edit{}, fmt.Errorf("invalid VERSION %q: %s", version, strings.Join(problems, "; "))
	}
	if err := asked(service, "deploy"); err != nil {
		return Edit{}, err
	}
	ask := set(bluegreen.TargetVersion, version)
	if service.Target == version && service.GivenUp() != "" {
		again, err := Retry(service)
		if err != nil {
			return Edit{}, err
		}
		ask.Set[bluegreen.Retry] = again.Set[bluegreen.Retry]
	}
	if approve && service.Promotion == bluegreen.Manual {
		ask.Set[bluegreen.ApprovedVersion] = version
	}
	return ask, nil
}

// Preview returns why nobody could look at a version before it gets traffic, or nil.
func Preview(service bluegreen.Service, hasPreview bool, version string) error {
	switch {
	case !hasPreview:
		return fmt.Errorf("service/%s has no preview; to have one, create a Service whose annotation %s is %s", service.Name,
			bluegreen.PreviewOf, service.Name)
	case service.Promotion == bluegreen.Auto:
		return fmt.Errorf("version %s would get traffic as soon as it is ready (%s is %s); to have versions wait for approval: %s", version,
			bluegreen.Promote, service.Promotion, plugin(service, "pause"))
	case service.ApprovedVersion == version && service.Live() != version:
		return fmt.Errorf("version %s is approved already, and would get traffic as soon as it is ready; to take the approval back: %s",
			version, Edit{Remove: []string{bluegreen.ApprovedVersion}}.Command(service.Service))
	default:
		return nil
	}
}
