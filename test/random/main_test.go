package random

import (
	"os"
	"testing"
	"time"

	"github.com/bluegreen-k8s/bluegreen/test/installation"
)

// patience is how long anything that should happen at once may take on a busy machine.
const patience = 30 * time.Second

var suite *installation.Suite

func TestMain(m *testing.M) {
	os.Exit(installation.Run(m, "../..", func(s *installation.Suite) { suite = s }))
}
