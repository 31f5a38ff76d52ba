package command

import "strings"

// example returns the examples of a command, indented as kubectl's: each is a comment and a command.
func example(lines ...string) string {
	var text strings.Builder
	for i, line := range lines {
		if i > 0 && strings.HasPrefix(line, "#") {
			text.WriteString("\n")
		}
		text.WriteString("  " + line + "\n")
	}
	return strings.TrimRight(text.String(), "\n")
}
