package command

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
)

// explain returns what is printed about an error: in kubectl's words, so that scripts and people know them.
func explain(err error) string {
	var status apierrors.APIStatus
	var connection *url.Error
	switch {
	case apierrors.IsInvalid(err) && errors.As(err, &status):
		return invalid(status.Status())
	case apierrors.IsUnauthorized(err):
		return fmt.Sprintf("error: You must be logged in to the server (%v)", err)
	case errors.As(err, &status):
		return fmt.Sprintf("Error from server (%s): %v", status.Status().Reason, err)
	case clientcmd.IsConfigurationInvalid(err):
		return fmt.Sprintf("Error in configuration: %v", err)
	case errors.As(err, &connection) && strings.Contains(err.Error(), "connection refused"):
		return fmt.Sprintf("The connection to the server %s was refused - did you specify the right host or port?", host(connection.URL))
	case errors.As(err, &connection):
		return fmt.Sprintf("Unable to connect to the server: %v", connection.Err)
	default:
		return "error: " + err.Error()
	}
}

// invalid tells what the API server, or bluegreen's webhook, found wrong in a write: each field in a line.
func invalid(status metav1.Status) string {
	if status.Details == nil || len(status.Details.Causes) == 0 {
		return "The request is invalid: " + status.Message
	}
	text := fmt.Sprintf("The %s %q is invalid:", status.Details.Kind, status.Details.Name)
	if len(status.Details.Causes) == 1 {
		return fmt.Sprintf("%s %s", text, cause(status.Details.Causes[0]))
	}
	for _, found := range status.Details.Causes {
		text += "\n* " + cause(found)
	}
	return text
}

func cause(of metav1.StatusCause) string {
	if of.Field == "" {
		return of.Message
	}
	return of.Field + ": " + of.Message
}

func host(address string) string {
	if parsed, err := url.Parse(address); err == nil {
		return parsed.Host
	}
	return address
}
