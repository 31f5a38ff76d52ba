// Package config is the manifests that ship. kubectl bluegreen check compares what is installed with them.
package config

import "embed"

// Manifests are the policies and the roles of an installation with everything, in namespace bluegreen-system. make generate writes them.
//
//go:embed base/*.yaml self-managed/self-managed.yaml checks/checks.yaml restricted-approval/approval.yaml
var Manifests embed.FS
