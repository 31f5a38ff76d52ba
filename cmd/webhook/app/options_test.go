package app

import (
	"errors"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/bluegreen-k8s/bluegreen/pkg/certs"
)

func TestTheDefaultsNeedOnlyANamespace(t *testing.T) {
	t.Setenv("POD_NAMESPACE", "bluegreen-system")
	parsed, err := parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	if parsed.namespace != "bluegreen-system" || parsed.webhookPort != 9443 || parsed.metricsBindAddress != ":8443" ||
		parsed.healthBindAddress != ":8081" || !parsed.leaderElect || !parsed.selfManaged() || len(parsed.watchNamespaces) > 0 {
		t.Errorf("got %+v", parsed)
	}
	if parsed.cache(&certs.Keeper{}).NewInformer == nil {
		t.Error("client-go's own informers read lists whole")
	}
	keeper := parsed.certs()
	if keeper.Secret.String() != "bluegreen-system/bluegreen-ca" || keeper.WebhookConfiguration != "bluegreen" ||
		keeper.ServiceName != "bluegreen-webhook" {
		t.Errorf("got %+v", keeper)
	}
}

func TestGoodFlagsAreRead(t *testing.T) {
	for name, test := range map[string]struct {
		flags []string
		read  func(*options) any
		want  any
	}{
		"the flag outranks the environment": {
			flags: []string{"--namespace=other"},
			read:  func(parsed *options) any { return parsed.namespace },
			want:  "other",
		},
		"several namespaces": {
			flags: []string{"--watch-namespaces=a,b", "--watch-namespaces=c"},
			read:  func(parsed *options) any { return parsed.watchNamespaces },
			want:  []string{"a", "b", "c"},
		},
		"all namespaces": {
			flags: []string{"--watch-namespaces="},
			read:  func(parsed *options) any { return len(parsed.watchNamespaces) },
			want:  0,
		},
		"certificates from a directory": {
			flags: []string{"--tls-cert-dir=/tls"},
			read:  func(parsed *options) any { return parsed.selfManaged() },
			want:  false,
		},
		"the highest port": {
			flags: []string{"--webhook-port=65535"},
			read:  func(parsed *options) any { return parsed.webhookPort },
			want:  65535,
		},
		"no election": {
			flags: []string{"--leader-elect=false"},
			read:  func(parsed *options) any { return parsed.leaderElect },
			want:  false,
		},
		"logs as JSON": {
			flags: []string{"--logging-format=json"},
			read:  func(parsed *options) any { return parsed.logging.Format },
			want:  "json",
		},
		"a delay at the end": {
			flags: []string{"--shutdown-delay-duration=5s"},
			read:  func(parsed *options) any { return parsed.shutdownDelay },
			want:  5 * time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("POD_NAMESPACE", "bluegreen-system")
			parsed, err := parse(test.flags)
			if err != nil {
				t.Fatal(err)
			}
			if got := test.read(parsed); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestBadFlagsAreRefusedWithFlagValueAndRule(t *testing.T) {
	for name, test := range map[string]struct {
		flags []string
		want  []string
	}{
		"no namespace": {
			flags: []string{"--namespace="},
			want:  []string{"--namespace: must be set, by the flag or by POD_NAMESPACE"},
		},
		"a port below the range": {
			flags: []string{"--webhook-port=0"},
			want:  []string{"--webhook-port: 0: must be between 1 and 65535"},
		},
		"a port above the range": {
			flags: []string{"--webhook-port=65536"},
			want:  []string{"--webhook-port: 65536: must be between 1 and 65535"},
		},
		"a port that is no number": {
			flags: []string{"--webhook-port=https"},
			want:  []string{"--webhook-port", `"https"`},
		},
		"a negative delay": {
			flags: []string{"--shutdown-delay-duration=-1s"},
			want:  []string{"--shutdown-delay-duration: -1s: must be 0s or more"},
		},
		"a namespace that is none": {
			flags: []string{"--watch-namespaces=ok,Not_OK"},
			want:  []string{`--watch-namespaces: "Not_OK": `, "lower case alphanumeric"},
		},
		"an empty one among several": {
			flags: []string{"--watch-namespaces=a,,b"},
			want:  []string{`--watch-namespaces: "": `},
		},
		"all of it at once": {
			flags: []string{"--namespace=", "--webhook-port=-1", "--watch-namespaces=-"},
			want:  []string{"--namespace: ", "--webhook-port: -1: ", `--watch-namespaces: "-": `},
		},
		"a flag nobody knows": {
			flags: []string{"--surprise=1"},
			want:  []string{"unknown flag: --surprise"},
		},
		"a boolean that is neither": {
			flags: []string{"--leader-elect=perhaps"},
			want:  []string{"--leader-elect", `"perhaps"`},
		},
		"an argument": {
			flags: []string{"serve"},
			want:  []string{`unexpected argument "serve": there are only flags, see --help`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("POD_NAMESPACE", "bluegreen-system")
			_, err := parse(test.flags)
			if err == nil {
				t.Fatal("no error")
			}
			for _, part := range test.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q is not in %q", part, err)
				}
			}
		})
	}
}

func TestHelpPrintsEveryFlagAndIsNoError(t *testing.T) {
	printed := captureStderr(t, func() {
		if _, err := parse([]string{"--help"}); !errors.Is(err, pflag.ErrHelp) {
			t.Errorf("got %v", err)
		}
		if err := Run(t.Context(), "test", []string{"--help"}); err != nil {
			t.Errorf("got %v", err)
		}
	})
	for _, flag := range []string{
		"--deployment",
		"--webhook-port", "--metrics-bind-address", "--health-probe-bind-address", "--leader-elect", "--namespace", "--watch-namespaces",
		"--tls-cert-dir", "--ca-secret-name", "--webhook-configuration-name", "--webhook-service-name", "--logging-format", "--v Level",
	} {
		if strings.Count(printed, flag+" ") != 2 {
			t.Errorf("%s is printed %d times in:\n%s", flag, strings.Count(printed, flag+" "), printed)
		}
	}
}

// captureStderr returns what is written there meanwhile.
func captureStderr(t *testing.T, meanwhile func()) string {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr := os.Stderr
	os.Stderr = write
	defer func() { os.Stderr = stderr }()
	done := make(chan string)
	go func() {
		data, _ := io.ReadAll(read)
		done <- string(data)
	}()
	meanwhile()
	write.Close()
	return <-done
}
