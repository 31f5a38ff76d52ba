package app

import (
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/bluegreen-k8s/bluegreen/pkg/certs"
)

func TestTheDefaultsNeedOnlyANamespace(t *testing.T) {
	t.Setenv("POD_NAMESPACE", "bluegreen-system")
	o, err := parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	if o.namespace != "bluegreen-system" || o.webhookPort != 9443 || o.metricsBindAddress != ":8443" || o.healthBindAddress != ":8081" ||
		!o.leaderElect || !o.selfManaged() || len(o.watchNamespaces) > 0 {
		t.Errorf("got %+v", o)
	}
	if o.cache(&certs.Keeper{}).NewInformer == nil {
		t.Error("client-go's own informers read lists whole")
	}
	if c := o.certs(); c.Secret.String() != "bluegreen-system/bluegreen-ca" || c.WebhookConfiguration != "bluegreen" || c.ServiceName != "bluegreen-webhook" {
		t.Errorf("got %+v", c)
	}
}

func TestGoodFlagsAreRead(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		ok   func(*options) bool
	}{
		"the flag outranks the environment": {[]string{"--namespace=other"}, func(o *options) bool { return o.namespace == "other" }},
		"several namespaces":                {[]string{"--watch-namespaces=a,b", "--watch-namespaces=c"}, func(o *options) bool { return slices.Equal(o.watchNamespaces, []string{"a", "b", "c"}) }},
		"all namespaces":                    {[]string{"--watch-namespaces="}, func(o *options) bool { return len(o.watchNamespaces) == 0 }},
		"certificates from a directory":     {[]string{"--tls-cert-dir=/tls"}, func(o *options) bool { return !o.selfManaged() }},
		"the highest port":                  {[]string{"--webhook-port=65535"}, func(o *options) bool { return o.webhookPort == 65535 }},
		"no election":                       {[]string{"--leader-elect=false"}, func(o *options) bool { return !o.leaderElect }},
		"logs as JSON":                      {[]string{"--logging-format=json"}, func(o *options) bool { return o.logging.Format == "json" }},
		"a delay at the end":                {[]string{"--shutdown-delay-duration=5s"}, func(o *options) bool { return o.shutdownDelay == 5*time.Second }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("POD_NAMESPACE", "bluegreen-system")
			if o, err := parse(test.args); err != nil || !test.ok(o) {
				t.Errorf("got %+v, %v", o, err)
			}
		})
	}
}

func TestBadFlagsAreRefusedWithFlagValueAndRule(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want []string
	}{
		"no namespace":               {[]string{"--namespace="}, []string{"--namespace: must be set, by the flag or by POD_NAMESPACE"}},
		"a port below the range":     {[]string{"--webhook-port=0"}, []string{"--webhook-port: 0: must be between 1 and 65535"}},
		"a port above the range":     {[]string{"--webhook-port=65536"}, []string{"--webhook-port: 65536: must be between 1 and 65535"}},
		"a port that is no number":   {[]string{"--webhook-port=https"}, []string{"--webhook-port", `"https"`}},
		"a negative delay":           {[]string{"--shutdown-delay-duration=-1s"}, []string{"--shutdown-delay-duration: -1s: must be 0s or more"}},
		"a namespace that is none":   {[]string{"--watch-namespaces=ok,Not_OK"}, []string{`--watch-namespaces: "Not_OK": `, "lower case alphanumeric"}},
		"an empty one among several": {[]string{"--watch-namespaces=a,,b"}, []string{`--watch-namespaces: "": `}},
		"all of it at once":          {[]string{"--namespace=", "--webhook-port=-1", "--watch-namespaces=-"}, []string{"--namespace: ", "--webhook-port: -1: ", `--watch-namespaces: "-": `}},
		"a flag nobody knows":        {[]string{"--surprise=1"}, []string{"unknown flag: --surprise"}},
		"a switch that is neither":   {[]string{"--leader-elect=perhaps"}, []string{"--leader-elect", `"perhaps"`}},
		"an argument":                {[]string{"serve"}, []string{`unexpected argument "serve": there are only flags, see --help`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("POD_NAMESPACE", "bluegreen-system")
			_, err := parse(test.args)
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
