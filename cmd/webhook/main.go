// Command webhook is bluegreen: the webhook on every replica, the controller on the leader.
package main

import (
	"fmt"
	"os"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/bluegreen-k8s/bluegreen/cmd/webhook/app"
)

// version is set by the build.
var version = "dev"

func main() {
	if err := app.Run(ctrl.SetupSignalHandler(), version, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "webhook:", err)
		os.Exit(1)
	}
}
