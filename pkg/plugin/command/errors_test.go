package command

import (
	"errors"
	"fmt"
	"net/url"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func TestErrorsAreWordedAsKubectlWordsThem(t *testing.T) {
	services := corev1.Resource("services")
	invalid := func(errs ...*field.Error) error {
		return apierrors.NewInvalid(corev1.SchemeGroupVersion.WithKind("Service").GroupKind(), "nginx", errs)
	}
	drain := field.Invalid(field.NewPath("metadata", "annotations").Key("bluegreen/drain"), "soon", "must be a duration")
	selector := field.Required(field.NewPath("spec", "selector"), "a selector to switch")
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"one field is invalid": {
			err:  invalid(drain),
			want: `The Service "nginx" is invalid: metadata.annotations[bluegreen/drain]: Invalid value: "soon": must be a duration`,
		},
		"several are": {
			err: invalid(drain, selector),
			want: `The Service "nginx" is invalid:` + "\n" + `* metadata.annotations[bluegreen/drain]: Invalid value: "soon": must be a duration` +
				"\n* spec.selector: Required value: a selector to switch",
		},
		"no field is named": {
			err:  &apierrors.StatusError{ErrStatus: apierrors.NewGenericServerResponse(422, "PATCH", services, "nginx", "odd", 0, true).Status()},
			want: `The services "nginx" is invalid: odd`,
		},
		"nobody is logged in": {
			err:  apierrors.NewUnauthorized("no token"),
			want: "error: You must be logged in to the server (no token)",
		},
		"it is not there, and more is said": {
			err:  fmt.Errorf("%w; create it", apierrors.NewNotFound(services, "nginx")),
			want: `Error from server (NotFound): services "nginx" not found; create it`,
		},
		"nobody listens": {
			err:  &url.Error{Op: "Get", URL: "https://192.0.2.1:6443/api", Err: errors.New("dial tcp: connection refused")},
			want: "The connection to the server 192.0.2.1:6443 was refused - did you specify the right host or port?",
		},
		"the certificate is not trusted": {
			err:  &url.Error{Op: "Get", URL: "https://192.0.2.1:6443/api", Err: errors.New("x509: certificate signed by unknown authority")},
			want: "Unable to connect to the server: x509: certificate signed by unknown authority",
		},
		"anything else": {err: errors.New("no"), want: "error: no"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := explain(test.err); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}
