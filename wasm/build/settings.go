//go:build !js

package main

import (
	_ "embed"
	"os"
	"strings"
)

//go:embed settings.env
var settingsFile string

// settings is settings.env: the arguments of go build for a module, the settings that take the
// place of those in the environment, and the names of those that are kept.
var settings = func() (s struct{ arguments, pinned, kept []string }) {
	for line := range strings.Lines(settingsFile) {
		switch line = strings.TrimPrefix(strings.TrimRight(line, "\r\n"), "module "); {
		case line == "" || line[0] == '#':
		case line[0] == '-':
			s.arguments = append(s.arguments, line)
		case strings.Contains(line, "="):
			s.pinned = append(s.pinned, line)
		default:
			s.kept = append(s.kept, line)
		}
	}
	return s
}()

// pinnedEnvironment is the environment of a build for the browser.
func pinnedEnvironment() ([]string, error) {
	output, err := execute(os.Environ(), append([]string{"env"}, settings.kept...)...)
	if err != nil {
		return nil, err
	}
	environment := os.Environ()
	values := strings.Split(string(output), "\n") // one a line, in the order asked
	for i, name := range settings.kept {
		environment = append(environment, name+"="+strings.TrimSuffix(values[i], "\r"))
	}
	return append(append(environment, settings.pinned...), "GOOS=js", "GOARCH=wasm"), nil
}
