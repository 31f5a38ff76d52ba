package command

import (
	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// services completes the first argument with the names of Services. kubectl asks for that by hack/kubectl_complete-bluegreen.
func (p *plugin) services(command *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	c, err := p.connect()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	list, err := c.CoreV1().Services(c.namespace).List(command.Context(), metav1.ListOptions{})
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []cobra.Completion
	for _, service := range list.Items {
		names = append(names, service.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
