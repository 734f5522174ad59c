// Command release builds everything that a release has, into one folder: the program for each
// platform, what each consists of, the offline console, and the sums of all of it. The same sources
// give the same bytes. Make release runs it, with the settings that builds have.
package main

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"keyferry/server/desk"
)

// desks are the files of the offline console, with the arguments that make them.
// The connected one may reach the KMS of every region; who wants less makes a file of their own.
var desks = map[string][]string{
	"keyferry-desk.html":           nil,
	"keyferry-desk-connected.html": connected(),
}

func connected() []string {
	flags := []string{"--connect"}
	for _, region := range desk.Regions {
		flags = append(flags, "--region="+region)
	}
	return flags
}

func main() {
	out := flag.String("o", "dist", "folder to write; what is in it is removed")
	platforms := flag.String("platforms", "", "what to build for, such as linux/amd64, separated by commas")
	flag.Parse()
	if err := release(*out, strings.Split(*platforms, ","), flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// release builds for the platforms, with further arguments of go build.
func release(out string, platforms, arguments []string) error {
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	browser, err := browserModules()
	if err != nil {
		return err
	}
	for _, platform := range platforms {
		goos, goarch, ok := strings.Cut(platform, "/")
		if !ok {
			return fmt.Errorf("%q is not a platform such as linux/amd64", platform)
		}
		program := filepath.Join(out, programName(goos, goarch))
		command := exec.Command("go", slices.Concat([]string{"build"}, arguments, []string{"-o", program, "./server"})...)
		command.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch)
		if output, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("building for %s: %v\n%s", platform, err, output)
		}
		if err := writeBill(program, browser); err != nil {
			return fmt.Errorf("listing what is in %s: %v", program, err)
		}
	}
	if err := writeDesks(out, platforms, arguments); err != nil {
		return err
	}
	return writeSums(out)
}

func programName(goos, goarch string) string {
	name := "keyferry-" + goos + "-" + goarch
	if goos == "windows" {
		name += ".exe"
	}
	return name
}

// writeDesks has the program write the offline console. It is built for this computer where the
// release has it not.
func writeDesks(out string, platforms, arguments []string) error {
	program := filepath.Join(out, programName(runtime.GOOS, runtime.GOARCH))
	if !slices.Contains(platforms, runtime.GOOS+"/"+runtime.GOARCH) {
		folder, err := os.MkdirTemp("", "keyferry-release-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(folder)
		program = filepath.Join(folder, "keyferry")
		build := exec.Command("go", slices.Concat([]string{"build"}, arguments, []string{"-o", program, "./server"})...)
		if output, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("building for this computer: %v\n%s", err, output)
		}
	}
	program, err := filepath.Abs(program)
	if err != nil {
		return err
	}
	for name, flags := range desks {
		command := exec.Command(program, slices.Concat([]string{"desk", filepath.Join(out, name)}, flags)...)
		if output, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("writing %s: %v\n%s", name, err, output)
		}
	}
	return nil
}

// writeSums writes SHA256SUMS, as sha256sum reads it.
func writeSums(out string) error {
	entries, err := os.ReadDir(out) // sorted by name
	if err != nil {
		return err
	}
	var sums strings.Builder
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(out, entry.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(content), entry.Name())
	}
	return os.WriteFile(filepath.Join(out, "SHA256SUMS"), []byte(sums.String()), 0o644)
}
