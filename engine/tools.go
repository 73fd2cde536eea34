//go:build tools

// Package engine pins the Pulumi CLI for machines that cannot download it.
package engine

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
