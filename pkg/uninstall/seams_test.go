package uninstall

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// This file holds all that the tests of the uninstaller know of how it is called, and the words that it fails with.

// uninstall ends bluegreen in some namespaces; none named: all.
func uninstall(ctx context.Context, server client.WithWatch, namespaces ...string) error {
	return Uninstaller{Client: server, Namespaces: namespaces}.Run(ctx, bluegreenItself)
}

const (
	// refusesBefore and refusesMeanwhile begin the refusal to unprotect a live Deployment that is being deleted: before bluegreen
	// is stopped, and when it is.
	refusesBefore    = "refusing to unprotect Deployment nginx-1.10 in namespace shop: it serves"
	refusesMeanwhile = "unprotecting Deployment nginx-1.10 in namespace shop: refusing"
)
