package command

import (
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// soon is how long a shell waits for names.
const soon = 2 * time.Second

// services completes the first argument with the names of Services. kubectl asks for that by a program kubectl_complete-bluegreen in the
// PATH, which runs kubectl bluegreen __complete.
func (p *plugin) services(command *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	c, err := p.connect()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	ctx, cancel := within(command.Context(), soon)
	defer cancel()
	list, err := c.CoreV1().Services(c.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []cobra.Completion
	for _, service := range list.Items {
		names = append(names, service.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
