package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// products are what the bench builds before it measures.
type products struct {
	program      string // as make build builds it
	floorProgram string // the same with the empty module in it
	wrapModule   string // file of the module that loops, with wasm_exec.js beside it
}

// build makes all products in the temporary folder.
func (b *bench) build(ctx context.Context) (*products, error) {
	p := &products{
		program:      filepath.Join(b.folder, "keyferry"),
		floorProgram: filepath.Join(b.folder, "keyferry-floor"),
	}
	if err := b.buildProgram(ctx, p.program); err != nil {
		return nil, err
	}
	builder := filepath.Join(b.folder, "wasmbuild")
	if err := execute(ctx, b.root, "go", "build", "-o", builder, "./wasm/build"); err != nil {
		return nil, err
	}
	floor, err := b.buildVariant(ctx, builder, "floor")
	if err != nil {
		return nil, err
	}
	if p.wrapModule, err = b.buildVariant(ctx, builder, "wrapmodule"); err != nil {
		return nil, err
	}
	if err := execute(ctx, b.root, "go", "run", "./web/pack", filepath.Dir(floor)); err != nil {
		return nil, err
	}
	overlay, err := b.overlay(floor)
	if err != nil {
		return nil, err
	}
	return p, b.buildProgram(ctx, p.floorProgram, "-overlay", overlay)
}

// buildProgram builds the program with the flags of make build.
func (b *bench) buildProgram(ctx context.Context, file string, more ...string) error {
	arguments := append([]string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", file}, more...)
	return execute(ctx, b.root, "go", append(arguments, "./server")...)
}

// buildVariant builds another module with the command that builds the shipped one. That command knows one package, so
// the variant stands in its place, in a repository of its own that has only what is below the package.
func (b *bench) buildVariant(ctx context.Context, builder, name string) (string, error) {
	repository, out := filepath.Join(b.folder, name+"-source"), filepath.Join(b.folder, name)
	place := filepath.Join(repository, "wasm")
	if err := os.CopyFS(place, os.DirFS(filepath.Join(b.root, "wasm"))); err != nil {
		return "", fmt.Errorf("copying the module's sources: %v", err)
	}
	shipped, err := filepath.Glob(filepath.Join(place, "*.go"))
	if err != nil {
		return "", err
	}
	for _, file := range shipped {
		if err := os.Remove(file); err != nil {
			return "", err
		}
	}
	if err := os.CopyFS(place, os.DirFS(filepath.Join(b.root, "e2e", "bench", name))); err != nil {
		return "", fmt.Errorf("copying %s: %v", name, err)
	}
	for _, file := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(b.root, file))
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(repository, file), content, 0o600); err != nil {
			return "", err
		}
	}
	return filepath.Join(out, "keyferry.wasm"), execute(ctx, repository, builder, "-o", out)
}

// overlay writes what makes the Go tool see the empty module in place of each module that is shipped, twins included.
func (b *bench) overlay(floor string) (string, error) {
	replaced := map[string]string{}
	for _, m := range modules {
		for _, suffix := range []string{"", ".br", ".gz"} {
			replaced[filepath.Join(b.root, "web", "static", "wasm", m.file+suffix)] = floor + suffix
		}
	}
	content, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return "", err
	}
	file := filepath.Join(b.folder, "overlay.json")
	return file, os.WriteFile(file, content, 0o600)
}

// execute runs a program in a folder and quotes what it said if it fails.
func execute(ctx context.Context, folder, name string, arguments ...string) error {
	command := exec.CommandContext(ctx, name, arguments...)
	command.Dir = folder
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	if err := command.Run(); err != nil {
		return fmt.Errorf("running %s %s: %v\n%s", filepath.Base(name), arguments[0], err, said.Bytes())
	}
	return nil
}
