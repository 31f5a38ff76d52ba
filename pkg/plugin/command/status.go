package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/bluegreen-k8s/bluegreen/pkg/bluegreen"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/follow"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/render"
	"github.com/bluegreen-k8s/bluegreen/pkg/plugin/view"
)

// status shows managed Services: all of them as a table, or one as a tree.
type status struct {
	*plugin
	print         *genericclioptions.PrintFlags
	allNamespaces bool
	watch         bool
}

func newStatus(p *plugin) *cobra.Command {
	s := &status{plugin: p, print: genericclioptions.NewPrintFlags("").WithTypeSetter(scheme.Scheme)}
	command := &cobra.Command{
		Use:   "status [SERVICE]",
		Short: "Show managed Services, or one with all below it",
		Long: `Show the managed Services of a namespace, or one Service with its followers and previews, its Deployments, their pods and why they
are not ready, what happens next, and its last Events.`,
		Example: example("# List the managed Services of all namespaces", "kubectl bluegreen status -A",
			"# Show nginx and all below it", "kubectl bluegreen status nginx",
			"# Watch a switch of nginx", "kubectl bluegreen status nginx -w"),
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: p.services,
		RunE: func(command *cobra.Command, args []string) error {
			return s.run(command.Context(), strings.Join(args, ""))
		},
	}
	s.print.AddFlags(command)
	output := command.Flags().Lookup("output")
	output.Usage = strings.Replace(output.Usage, "(", "(wide, ", 1)
	command.Flags().BoolVarP(&s.allNamespaces, "all-namespaces", "A", false, "If present, list the managed Services of all namespaces.")
	command.Flags().BoolVarP(&s.watch, "watch", "w", false, "Show it again whenever it changes, until interrupted.")
	return command
}

func (s *status) run(ctx context.Context, name string) error {
	if err := s.validate(name); err != nil {
		return err
	}
	c, err := s.connect()
	if err != nil {
		return err
	}
	if s.allNamespaces {
		c.namespace = metav1.NamespaceAll
	}
	switch {
	case !s.forPeople():
		return s.printObjects(ctx, c, name)
	case s.watch:
		return s.follow(ctx, c, name)
	case name == "":
		return s.list(ctx, c)
	default:
		return s.show(ctx, c, name)
	}
}

func (s *status) validate(name string) error {
	switch output := *s.print.OutputFormat; {
	case name != "" && s.allNamespaces:
		return errors.New("a Service cannot be shown by name across all namespaces: name its namespace with -n, or leave out its name")
	case s.watch && output != "" && output != "wide":
		return fmt.Errorf("--watch cannot be combined with --output=%s: leave out one of both", output)
	default:
		return nil
	}
}

// forPeople reports whether people are to read what is shown.
func (s *status) forPeople() bool {
	output := *s.print.OutputFormat
	return (output == "" || output == "wide") && *s.print.TemplatePrinterFlags.TemplateArgument == ""
}

// printObjects prints Services as programs read them.
func (s *status) printObjects(ctx context.Context, c *cluster, name string) error {
	printer, err := s.print.ToPrinter()
	if incompatible, is := errors.AsType[genericclioptions.NoCompatiblePrinterError](err); is {
		incompatible.AllowedFormats = append(incompatible.AllowedFormats, "wide")
		return incompatible
	}
	if err != nil {
		return err
	}
	if name != "" {
		service, err := c.service(ctx, name)
		if err != nil {
			return err
		}
		return printer.PrintObj(service, s.Out)
	}
	objects, err := follow.Read(ctx, c, c.namespace, follow.Services)
	if err != nil {
		return err
	}
	return s.printList(printer, managed(objects))
}

// printList prints Services as kubectl get does: by name each, or as one List.
func (s *status) printList(printer printers.ResourcePrinter, services []corev1.Service) error {
	list := &corev1.List{}
	for i := range services {
		services[i].SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Service"))
		if *s.print.OutputFormat == "name" {
			if err := printer.PrintObj(&services[i], s.Out); err != nil {
				return err
			}
		}
		list.Items = append(list.Items, runtime.RawExtension{Object: &services[i]})
	}
	if *s.print.OutputFormat == "name" {
		return nil
	}
	return printer.PrintObj(list, s.Out)
}

// managed returns the managed Services among some, by namespace and name.
func managed(objects view.Objects) []corev1.Service {
	var found []corev1.Service
	for _, object := range objects.Services {
		if bluegreen.Read(object).Managed {
			found = append(found, *object)
		}
	}
	slices.SortFunc(found, func(a, b corev1.Service) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	return found
}

// list prints a table of the managed Services.
func (s *status) list(ctx context.Context, c *cluster) error {
	objects, err := follow.Read(ctx, c, c.namespace, follow.Services)
	if err != nil {
		return err
	}
	services := managed(objects)
	if len(services) == 0 {
		where := "any namespace"
		if c.namespace != "" {
			where = "namespace " + c.namespace
		}
		fmt.Fprintf(s.ErrOut, "No managed Services found in %s.\n", where)
		return nil
	}
	fmt.Fprint(s.Out, s.table(services, time.Now()).String(printers.AllowsColorOutput(s.Out)))
	return nil
}

func (s *status) table(services []corev1.Service, now time.Time) render.Lines {
	return render.List(services, render.Columns{Namespace: s.allNamespaces, Wide: *s.print.OutputFormat == "wide"}, now)
}

// show prints one Service with all below it.
func (s *status) show(ctx context.Context, c *cluster, name string) error {
	objects, err := follow.Read(ctx, c, c.namespace, follow.All...)
	if err != nil {
		return err
	}
	seen, found := view.Of(objects, name, time.Now())
	if !found {
		_, err := c.service(ctx, name)
		return err
	}
	fmt.Fprint(s.Out, render.View(seen).String(printers.AllowsColorOutput(s.Out)))
	return nil
}
