package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/natefinch/atomic"

	"keyferry/server/desk"
)

// deskCommand writes the desk, the console for a computer without a network.
type deskCommand struct {
	File   string `arg:"" optional:"" help:"The HTML file to write."`
	Dir    string `help:"Write a folder for a static host instead: index.html and SHA256SUMS."`
	Region string `help:"Region that the page offers."`
}

// Help explains the command beyond its flags.
func (deskCommand) Help() string {
	return "The file opens in a browser from any disk. It needs no server and no network, and its own policy " +
		"forbids it to connect anywhere. The same program always writes the same bytes: compare the printed " +
		"SHA-256 on the computer where you open the file."
}

// Run writes the file, or the folder.
func (d *deskCommand) Run(ctx context.Context, t terminal) error {
	if (d.File == "") == (d.Dir == "") {
		return errors.New("name either the file to write, such as keyferry-desk.html, or a folder with --dir")
	}
	config, err := desk.Embedded(d.Region, version)
	if err != nil {
		return err
	}
	content, err := desk.File(ctx, config)
	if err != nil {
		return err
	}
	name := d.File
	if d.Dir != "" {
		if err := os.MkdirAll(d.Dir, 0o755); err != nil {
			return fmt.Errorf("making the folder: %v", err)
		}
		name = filepath.Join(d.Dir, "index.html")
		sums := fmt.Sprintf("%x  index.html\n", sha256.Sum256(content))
		if err := writeFile(filepath.Join(d.Dir, "SHA256SUMS"), []byte(sums)); err != nil {
			return fmt.Errorf("writing the digest: %v", err)
		}
	}
	if err := writeFile(name, content); err != nil {
		return fmt.Errorf("writing the offline console: %v", err)
	}
	t.say("%s: %d bytes, sha256 %x", name, len(content), sha256.Sum256(content))
	return nil
}

// writeFile writes a file that everybody may read, whole or not at all.
func writeFile(name string, content []byte) error {
	if linked, err := filepath.EvalSymlinks(name); err == nil {
		name = linked
	}
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(name, content, 0o644) // a device, such as /dev/stdout
	}
	if err := atomic.WriteFile(name, bytes.NewReader(content)); err != nil || info != nil {
		return err
	}
	return os.Chmod(name, 0o644) // a new file is its owner's alone
}
