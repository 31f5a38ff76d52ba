// Command dashboard draws docs/dashboard.svg from what the last `make prometheus` has kept. It needs no cluster.
package main

import (
	"fmt"
	"os"

	"github.com/bluegreen-k8s/bluegreen/test/dashboard"
)

func main() {
	if err := dashboard.Redraw("."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
