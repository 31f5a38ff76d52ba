package command

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/printers"
	"sigs.k8s.io/yaml"

	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/render"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/soundness"
)

// checker says whether the installations in a cluster are sound.
type checker struct {
	*plugin
	version string
	output  string
}

func newCheck(p *plugin, version string) *cobra.Command {
	c := &checker{plugin: p, version: version}
	command := &cobra.Command{
		Use:   "check",
		Short: "Check whether bluegreen is installed soundly, and which Services are in trouble",
		Long: `Check each installation of bluegreen in the cluster, and say in a line each what is OK, or what to do. It changes nothing: it
writes a Service as a dry run, to see whether the API server asks the webhook.

The exit code is 1 if something is in trouble, or if nothing could be known. What you may not read is in state Unknown, and that alone is
no error. Paste what the command prints into a bug report.`,
		Example: example("# Check the installation", "kubectl bluegreen check",
			"# Check it for a program", "kubectl bluegreen check -o json"),
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(command *cobra.Command, _ []string) error { return c.run(command.Context()) },
	}
	command.Flags().StringVarP(&c.output, "output", "o", "", "Output format. One of: (json, yaml).")
	return command
}

func (c *checker) run(ctx context.Context) error {
	printed, known := map[string]func([]soundness.Finding) (string, error){"": c.table, "json": c.json, "yaml": c.yaml}[c.output]
	if !known {
		return fmt.Errorf("unable to match a printer suitable for the output format %q, allowed formats are: json,yaml", c.output)
	}
	connected, err := c.connectInSilence()
	if err != nil {
		return err
	}
	facts, err := inspection{connected}.facts(ctx, c.version)
	if err != nil {
		return err
	}
	findings := soundness.Find(facts)
	text, err := printed(findings)
	if err != nil {
		return err
	}
	fmt.Fprint(c.Out, text)
	return soundness.Verdict(findings)
}

func (c *checker) table(findings []soundness.Finding) (string, error) {
	return render.Findings(findings).String(printers.AllowsColorOutput(c.Out)), nil
}

// report is what programs read.
type report struct {
	Version  string              `json:"version"`
	Findings []soundness.Finding `json:"findings"`
}

func (c *checker) json(findings []soundness.Finding) (string, error) {
	text, err := json.MarshalIndent(report{Version: c.version, Findings: findings}, "", "    ")
	return string(text) + "\n", err
}

func (c *checker) yaml(findings []soundness.Finding) (string, error) {
	text, err := yaml.Marshal(report{Version: c.version, Findings: findings})
	return string(text), err
}
