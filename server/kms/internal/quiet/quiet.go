// Package quiet takes the word "sdk" out of the DEBUG environment variable.
//
// Alibaba Cloud's SDK prints every request whole (import token, encrypted key
// material and signature included) to standard output when DEBUG holds that
// word. It reads the variable once, while its packages are initialised, so
// nothing that runs in main or in New can stop it any more.
//
// This package comes earlier. Of the packages whose imports are ready, Go
// initialises the one whose path sorts first. The SDK's packages import
// crypto/x509 and with it net. This one needs nothing but os, and
// "keyferry/…" sorts before "net". It must therefore import nothing but os.
package quiet

import "os"

const (
	variable = "DEBUG"
	word     = "sdk"
)

func init() {
	value, set := os.LookupEnv(variable)
	if !set {
		return
	}
	if rest := without(value); rest == "" {
		os.Unsetenv(variable)
	} else {
		os.Setenv(variable, rest)
	}
}

// without returns the comma-separated list less the SDK's word.
func without(list string) string {
	var rest string
	for start := 0; start <= len(list); {
		end := start
		for end < len(list) && list[end] != ',' {
			end++
		}
		if part := list[start:end]; part != word && part != "" {
			if rest != "" {
				rest += ","
			}
			rest += part
		}
		start = end + 1
	}
	return rest
}
