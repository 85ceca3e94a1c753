//go:build tools

// Names the program that is built from here: `go install` refuses it by version.
package tools

import _ "github.com/tus/tusd/v2/cmd/tusd"
