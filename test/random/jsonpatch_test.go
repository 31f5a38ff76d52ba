package random

import "strings"

type jsonOperation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

// jsonOperations returns the operations of a JSON patch that change a map at a path, which is stored like this.
func jsonOperations(path string, stored map[string]string, changed map[string]any) []jsonOperation {
	var operations []jsonOperation
	if stored == nil && len(changed) > 0 {
		operations = append(operations, jsonOperation{Op: "add", Path: path, Value: map[string]any{}})
	}
	for key, value := range changed {
		at := path + "/" + strings.ReplaceAll(key, "/", "~1")
		if _, exists := stored[key]; value != nil {
			operations = append(operations, jsonOperation{Op: "add", Path: at, Value: value})
		} else if exists {
			operations = append(operations, jsonOperation{Op: "remove", Path: at})
		}
	}
	return operations
}
