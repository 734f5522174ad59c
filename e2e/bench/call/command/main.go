// Command command makes one call of a local KMS, as a command line of the vendor's does: command
// ENDPOINT ACTION NAME=VALUE… It prints the answer.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"keyferry/e2e/bench/call"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	client, err := call.New(arguments[0])
	if err != nil {
		return err
	}
	parameters := map[string]string{}
	for _, one := range arguments[2:] {
		name, value, _ := strings.Cut(one, "=")
		parameters[name] = value
	}
	var answer json.RawMessage
	if err := client.Do(arguments[1], parameters, &answer); err != nil {
		return err
	}
	fmt.Printf("%s\n", answer)
	return nil
}
