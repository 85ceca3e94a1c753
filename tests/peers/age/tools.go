//go:build tools

// Names the program that is built from here: `go install` takes no lock file.
package tools

import _ "filippo.io/age/cmd/age"
