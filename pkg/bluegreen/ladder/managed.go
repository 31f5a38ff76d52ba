package ladder

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
)

// managed holds while the Service has a target version. Otherwise what bluegreen wrote on it goes.
func managed(state State) *bluegreen.Decision {
	if state.Service.Managed {
		return nil
	}
	why := verdict{reason: bluegreen.ReasonNotManaged}
	return &bluegreen.Decision{Reason: why.reason, Writes: writeOf(state, state.Service.WithOwn(nil), why, false)}
}

// GivenBack returns what people are told when somebody gives a Service back, or nil.
func GivenBack(before, after *corev1.Service) *bluegreen.Event {
	_, was := before.Annotations[bluegreen.TargetVersion]
	_, is := after.Annotations[bluegreen.TargetVersion]
	if !was || is {
		return nil
	}
	return &bluegreen.Event{Reason: bluegreen.ReasonNotManaged, Action: bluegreen.Switching, Message: bluegreen.Read(before).GivenBack()}
}
