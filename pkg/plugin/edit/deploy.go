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
