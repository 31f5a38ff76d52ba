package edit

import (
	"fmt"
	"strconv"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// Promote lets the version that is asked for through.
func Promote(service bluegreen.Service) (Edit, error) {
	if err := asked(service, "promote"); err != nil {
		return Edit{}, err
	}
	switch {
	case !service.Pending():
		return Edit{}, fmt.Errorf("service/%s is on version %s, and no other is asked for; to ask for one: %s", service.Name,
			service.Live(), command(service, bluegreen.TargetVersion, "VERSION"))
	case service.GivenUp() != "":
		return Edit{}, fmt.Errorf("version %s was given up, and an approval does not change that%s; to try it again: %s",
			service.Target, why(service), plugin(service, "retry"))
	case service.Promotion == bluegreen.Auto:
		return Edit{}, fmt.Errorf("version %s needs no approval (%s is %s)%s; to look at it: %s", service.Target, bluegreen.Promote,
			service.Promotion, why(service), plugin(service, "status"))
	case service.Approved():
		return Edit{}, fmt.Errorf("version %s is already approved%s; to look at it: %s", service.Target, why(service),
			plugin(service, "status"))
	default:
		return set(bluegreen.ApprovedVersion, service.Target), nil
	}
}

// Retry asks for a version again that was given up.
func Retry(service bluegreen.Service) (Edit, error) {
	if err := asked(service, "retry"); err != nil {
		return Edit{}, err
	}
	if service.GivenUp() == "" {
		return Edit{}, fmt.Errorf("service/%s has not given up an ask%s; to look at it: %s", service.Name, why(service),
			plugin(service, "status"))
	}
	attempt, _ := service.Attempt()
	value := strconv.FormatInt(attempt.Since.Unix(), 10) // As the message of bluegreen says.
	if value == service.Options.Retry {
		value += "-again"
	}
	return set(bluegreen.Retry, value), nil
}

// Pause lets no further version through before it is approved.
func Pause(service bluegreen.Service) (Edit, error) {
	if err := asked(service, "pause"); err != nil {
		return Edit{}, err
	}
	automatic := Edit{Remove: []string{bluegreen.Promote}}.Command(service.Service)
	if service.Promotion == bluegreen.Manual {
		return Edit{}, fmt.Errorf("service/%s is already paused (%s is %s); to end that: %s", service.Name, bluegreen.Promote,
			bluegreen.Manual, automatic)
	}
	return set(bluegreen.Promote, string(bluegreen.Manual), "to let versions through by themselves again: "+automatic), nil
}

// Withdraw asks for the version that is live.
func Withdraw(service bluegreen.Service) (Edit, error) {
	if err := asked(service, "withdraw"); err != nil {
		return Edit{}, err
	}
	switch {
	case !service.Pending():
		return Edit{}, fmt.Errorf("service/%s is on version %s, and no other is asked for; to go back to the one before: %s",
			service.Name, service.Live(), plugin(service, "undo"))
	case service.Live() == "":
		return Edit{}, fmt.Errorf("service/%s selects by no version yet (%s), so there is none to stay on; to give it back: %s",
			service.Name, service.Describe(), Edit{Remove: []string{service.Key}}.Command(service.Service))
	default:
		return set(bluegreen.TargetVersion, service.Live()), nil
	}
}

// command returns the kubectl command that gives an annotation of a Service a value.
func command(service bluegreen.Service, key, value string) string {
	return set(key, value).Command(service.Service)
}
