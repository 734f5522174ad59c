package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
)

// writeBill writes, beside a program, a bill of materials in the form of CycloneDX: the modules that
// are linked into the program, as the program itself says, and those that are in the WebAssembly
// modules which it serves to browsers. It has no date and no serial number, so that the same program
// has the same bill.
func writeBill(program string, browser []debug.Module) error {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	name := filepath.Base(program)
	bill := cyclonedx.NewBOM()
	bill.SerialNumber = ""
	root := cyclonedx.Component{
		BOMRef: name, Type: cyclonedx.ComponentTypeApplication, Name: name,
		Hashes:   &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: fmt.Sprintf("%x", sha256.Sum256(content))}},
		Licenses: &cyclonedx.Licenses{{License: &cyclonedx.License{ID: "Apache-2.0"}}},
	}
	bill.Metadata = &cyclonedx.Metadata{Component: &root}
	components := map[string]cyclonedx.Component{}
	add := func(m debug.Module, where string) error {
		c, err := component(m)
		if err != nil {
			return err
		}
		property := cyclonedx.Property{Name: "keyferry:in", Value: where}
		if known, ok := components[c.BOMRef]; ok {
			*known.Properties = append(*known.Properties, property)
			return nil
		}
		c.Properties = &[]cyclonedx.Property{property}
		components[c.BOMRef] = c
		return nil
	}
	std := debug.Module{Path: "std", Version: strings.TrimPrefix(info.GoVersion, "go")}
	for _, m := range append([]debug.Module{std}, modules(info.Deps)...) {
		if err := add(m, "program"); err != nil {
			return err
		}
	}
	for _, m := range append([]debug.Module{std}, browser...) {
		if err := add(m, "browser"); err != nil {
			return err
		}
	}
	list := make([]cyclonedx.Component, 0, len(components))
	refs := make([]string, 0, len(components))
	for ref, c := range components {
		list, refs = append(list, c), append(refs, ref)
	}
	slices.Sort(refs)
	slices.SortFunc(list, func(a, b cyclonedx.Component) int { return strings.Compare(a.BOMRef, b.BOMRef) })
	bill.Components = &list
	bill.Dependencies = &[]cyclonedx.Dependency{{Ref: name, Dependencies: &refs}}
	var text bytes.Buffer
	if err := cyclonedx.NewBOMEncoder(&text, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(bill); err != nil {
		return err
	}
	return os.WriteFile(strings.TrimSuffix(program, ".exe")+".cdx.json", text.Bytes(), 0o644)
}

func modules(list []*debug.Module) (all []debug.Module) {
	for _, m := range list {
		if m.Replace != nil {
			m = m.Replace
		}
		all = append(all, *m)
	}
	return all
}

// component describes a module. Its hash is what go.sum has of it, a SHA-256 over the names and sums
// of its files.
func component(m debug.Module) (cyclonedx.Component, error) {
	address := "pkg:golang/" + m.Path + "@" + m.Version
	c := cyclonedx.Component{BOMRef: address, Type: cyclonedx.ComponentTypeLibrary, Name: m.Path, Version: m.Version, PackageURL: address}
	if m.Path == "std" {
		return c, nil
	}
	encoded, ok := strings.CutPrefix(m.Sum, "h1:")
	sum, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(sum) != sha256.Size {
		return c, fmt.Errorf("%s %s has no sum", m.Path, m.Version)
	}
	c.Hashes = &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: hex.EncodeToString(sum)}}
	return c, nil
}

// browserModules returns the modules that are linked into what browsers run.
func browserModules() ([]debug.Module, error) {
	packages := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", "./wasm", "./wasm/strength")
	packages.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	output, err := packages.Output()
	if err != nil {
		return nil, fmt.Errorf("listing the packages for browsers: %v", err)
	}
	paths := slices.Compact(slices.Sorted(slices.Values(strings.Fields(string(output)))))
	list := exec.Command("go", append([]string{"list", "-m", "-json"}, paths...)...)
	if output, err = list.Output(); err != nil {
		return nil, fmt.Errorf("listing the modules for browsers: %v", err)
	}
	var all []debug.Module
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var m struct {
			Path, Version, Sum string
			Main               bool
		}
		err := decoder.Decode(&m)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		if !m.Main {
			all = append(all, debug.Module{Path: m.Path, Version: m.Version, Sum: m.Sum})
		}
	}
}
