package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/natefinch/atomic"

	"keyferry/server/desk"
)

// deskCommand writes the desk, the console for a computer without a network.
//
// What the file may reach is said on the command line alone: no environment changes it.
type deskCommand struct {
	File   string   `arg:"" optional:"" help:"The HTML file to write."`
	Dir    string   `help:"Write a folder for a static host instead: index.html and SHA256SUMS."`
	Region []string `help:"Region that the page offers. With --connect, a region whose KMS the file may reach; several may be named."`

	Many bool `env:"-" help:"Write the page for many keys instead: it takes a folder of import parameters, and makes one archive and one file of import files. It needs the one region with --region."`

	Connect  bool   `env:"-" help:"Let the page make the calls of an import itself, by links that a console signs. Its policy then reaches the KMS of the regions named, and nothing else."`
	VPC      bool   `env:"-" name:"vpc" help:"With --connect: reach the KMS under its names inside a VPC, and not under the public ones."`
	Endpoint string `env:"-" help:"With --connect: what stands in for the KMS of the one region, for trying out with the local KMS: an origin on this computer, such as http://127.0.0.1:8788."`
}

// Help explains the command beyond its flags.
func (deskCommand) Help() string {
	return "The file opens in a browser from any disk. It needs no server and no network, and its own policy " +
		"forbids it to connect anywhere. The same program always writes the same bytes: compare the printed " +
		"SHA-256 on the computer where you open the file. With --connect the file fetches the wrapping key from the " +
		"KMS itself, so that no console in between can replace it: get the file, or its SHA-256, from somebody other " +
		"than those who run the console."
}

// config is what the file is made of.
func (d *deskCommand) config() (desk.Config, error) {
	switch {
	case d.Many && (d.Connect || len(d.Region) != 1):
		return desk.Config{}, errors.New("the page for many keys does not connect and is for one region: name it with --region, and leave out --connect")
	case d.Connect:
		return desk.EmbeddedConnected(desk.Network{Regions: d.Region, VPC: d.VPC, Endpoint: d.Endpoint}, version)
	case d.VPC || d.Endpoint != "":
		return desk.Config{}, errors.New("--vpc and --endpoint say what a connected page reaches: add --connect, or leave them out")
	case len(d.Region) > 1:
		return desk.Config{}, errors.New("a page that does not connect offers one region: name one, or add --connect")
	}
	if d.Many {
		return desk.EmbeddedMany(d.Region[0], version)
	}
	return desk.Embedded(strings.Join(d.Region, ""), version)
}

// Run writes the file, or the folder.
func (d *deskCommand) Run(ctx context.Context, t terminal) error {
	if (d.File == "") == (d.Dir == "") {
		return errors.New("name either the file to write, such as keyferry-desk.html, or a folder with --dir")
	}
	config, err := d.config()
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
	for _, reached := range config.Reached {
		t.say("It may connect to %s and to nothing else that is not named here.", reached.Origin)
	}
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
