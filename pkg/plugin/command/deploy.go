package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/edit"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/follow"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/outcome"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/render"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/view"
)

// deployer applies what is needed for a version, asks for that, and follows it.
type deployer struct {
	*plugin
	files                   []string
	force, approve, preview bool
	timeout                 time.Duration
}

func newDeploy(p *plugin) *cobra.Command {
	d := &deployer{plugin: p}
	command := &cobra.Command{
		Use:   "deploy SERVICE VERSION [-f FILE]",
		Short: "Apply a version, ask for it, and follow until it has the traffic",
		Long: `Apply the manifests of a version, ask for it, and follow until traffic of the Service is on it. It prints what happens, a line
each, and in the end how long it took.

The exit code is 1 if the ask fails, if it is rolled back, or if the time is up. In the last case, and if the command is interrupted,
the ask stays: kubectl bluegreen withdraw ends it. If the version must be approved, the command ends once it waits for that; with
--preview, once the previews of the Service show it besides.`,
		Example: example("# Deploy version 1.11 of nginx", "kubectl bluegreen deploy nginx 1.11 -f green.yaml",
			"# Deploy it, and end once it can be looked at", "kubectl bluegreen deploy nginx 1.11 -f green.yaml --preview",
			"# Ask for a version that is deployed already, and approve it", "kubectl bluegreen deploy nginx 1.11 --approve"),
		Args: func(command *cobra.Command, args []string) error {
			if len(args) == 2 {
				return nil
			}
			return fmt.Errorf("a SERVICE and a VERSION are required, got %d arguments\nSee '%s --help' for usage", len(args),
				command.CommandPath())
		},
		ValidArgsFunction: p.services,
		RunE:              func(command *cobra.Command, args []string) error { return d.run(command.Context(), args[0], args[1]) },
	}
	flags := command.Flags()
	flags.StringSliceVarP(&d.files, "filename", "f", nil, "The files that contain the manifests of the version.")
	flags.BoolVar(&d.force, "force-conflicts", false, "If true, apply also what others have set otherwise.")
	flags.BoolVar(&d.approve, "approve", false, "If true, approve the version too, if the Service waits for that.")
	flags.BoolVar(&d.preview, "preview", false, "If true, end once the previews of the Service show the version, which waits for approval.")
	addTimeout(command, &d.timeout)
	return command
}

func (d *deployer) run(ctx context.Context, name, version string) error {
	started := time.Now()
	if d.approve && d.preview {
		return errors.New("--approve lets the version through before anybody has looked at it: leave out --approve, or --preview")
	}
	c, err := d.connect()
	if err != nil {
		return err
	}
	decide, err := d.prepare(ctx, c, name, version)
	if err != nil {
		return err
	}
	asked, err := (&writer{plugin: d.plugin, decide: alone(decide)}).write(ctx, c, name)
	if err != nil {
		return err
	}
	last, err := d.follow(ctx, c, asked, version)
	if err != nil {
		return d.ended(ctx, last.Service.Service.Service, err)
	}
	fmt.Fprintf(d.Out, "Done in %s: %s\n", duration.HumanDuration(time.Since(started)), result(last.Service.Service))
	if d.preview {
		fmt.Fprint(d.Out, toLook(last))
	}
	return nil
}

// prepare applies the manifests, after a look whether the version can be asked for at all, and returns what is to be written then.
func (d *deployer) prepare(ctx context.Context, c *cluster, name, version string) (func(bluegreen.Service) (edit.Edit, error), error) {
	read, err := c.service(ctx, name)
	if err != nil {
		return nil, err
	}
	infos, err := d.manifests(c.namespace, d.files)
	if err != nil {
		return nil, err
	}
	hasPreview, err := d.hasPreview(ctx, c, name, infos)
	if err != nil {
		return nil, err
	}
	decide := func(service bluegreen.Service) (edit.Edit, error) {
		wanted, err := edit.Deploy(service, version, d.approve)
		if err == nil && d.preview {
			err = edit.Preview(service, hasPreview, version)
		}
		return wanted, err
	}
	if _, err := decide(bluegreen.Read(read)); err != nil {
		return nil, err
	}
	if err := onlyAsksFor(infos, c.namespace, name, version); err != nil {
		return nil, err
	}
	return decide, d.apply(infos, d.force)
}

// follow prints what becomes of the ask, and returns what was seen last.
func (d *deployer) follow(ctx context.Context, c *cluster, asked *corev1.Service, version string) (view.View, error) {
	ctx, cancel := within(ctx, d.timeout)
	defer cancel()
	last, log := view.View{Service: view.Service{Service: bluegreen.Read(asked)}}, &log{out: d.Out}
	err := follow.Objects(ctx, c, c.namespace, follow.All, nil, func(objects view.Objects) (bool, error) {
		seen, found := view.Of(objects, asked.Name, time.Now())
		if !found {
			return false, fmt.Errorf("service/%s was deleted meanwhile", asked.Name)
		}
		if follow.Older(seen.Service.Service.Service, asked) {
			return false, nil
		}
		last = seen
		log.print(render.Facts(seen))
		done, err := reached(seen.Service.Service, version)
		if err == nil && d.preview {
			return shown(done, seen)
		}
		return done, err
	})
	return last, err
}

// reached reports whether the version is live, or waits for approval.
func reached(service bluegreen.Service, version string) (bool, error) {
	if now := service.Annotations[bluegreen.TargetVersion]; service.Managed && now != version {
		return false, fmt.Errorf("somebody else asks service/%s for version %s meanwhile; to look at it: kubectl bluegreen status %s -n %s",
			service.Name, now, service.Name, service.Namespace)
	}
	if service.Annotations[bluegreen.PhaseKey] == string(bluegreen.Paused) && !service.Approved() {
		return outcome.Of(service, outcome.Paused)
	}
	return outcome.Of(service, outcome.Stable)
}

// ended says what becomes of the ask when its end was not awaited.
func (d *deployer) ended(ctx context.Context, last *corev1.Service, err error) error {
	withdraw := fmt.Sprintf("the ask stays; to withdraw it: kubectl bluegreen withdraw %s -n %s", last.Name, last.Namespace)
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(d.ErrOut, "Interrupted:", withdraw)
		return err
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w; %s", timedOut(last), withdraw)
	default:
		return err
	}
}

// result says where the Service is.
func result(service bluegreen.Service) string {
	if service.Pending() {
		return fmt.Sprintf("version %s waits for approval: kubectl bluegreen promote %s -n %s", service.Target, service.Name,
			service.Namespace)
	}
	return fmt.Sprintf("traffic of service/%s is on version %s", service.Name, service.Live())
}
