package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"keyferry/server/importfile"
	"keyferry/server/kms"
	"keyferry/server/localkms"
	"keyferry/server/requests"
)

// linkCommand prints a signed link, for a person who has the desk and no console.
type linkCommand struct {
	KeyID     string `placeholder:"ID" help:"The CMK. Prints a link that gets a wrapping key and an import token for it."`
	Algorithm string `enum:"RSAES_OAEP_SHA_256,RSAES_OAEP_SHA_1,RSAES_PKCS1_V1_5" default:"RSAES_OAEP_SHA_256" help:"The wrapping algorithm (${enum})."`
	Import    string `placeholder:"FILE" help:"The desk's import file. Prints a link that imports it. - reads it from standard input."`

	KMS      string `name:"kms" enum:"local,alibaba" default:"local" help:"Which KMS the link leads to: a local KMS that runs on this computer, or Alibaba Cloud (${enum})."`
	Region   string `default:"cn-hangzhou" help:"Region of the KMS."`
	Network  string `enum:",vpc" default:"" help:"vpc: the VPC endpoint of Alibaba Cloud KMS."`
	Endpoint string `help:"Another endpoint, as host or host:port."`
	CAFile   string `name:"ca-file" type:"existingfile" help:"Certificates of the endpoint, in PEM. They make a link to a local KMS https."`
}

// Help explains the command beyond its flags.
func (linkCommand) Help() string {
	return "The link is one call, signed with this computer's credentials: it works once, within 15 minutes, and for nothing " +
		"else. Whoever makes the call needs no credentials. Send the first link to the person who has the key; " +
		"the connected desk (keyferry desk --connect) gets the wrapping key by it straight from the KMS, wraps, and saves an " +
		"import file. The second link, made with --import from that file, lets the desk import it and see the KMS's own answer. " +
		"Nothing is kept or recorded: for approvals and a record, use requests (keyferry serve --database)."
}

// Run prints the link on a line of its own. What is said about it goes to the log, so that the link
// can be piped.
func (l *linkCommand) Run(ctx context.Context, t terminal) error {
	if (l.KeyID == "") == (l.Import == "") {
		return errors.New("give either --key-id, for a link that gets import parameters, or --import, for a link that imports")
	}
	relay, err := l.relay()
	if err != nil {
		return err
	}
	link, err := l.sign(ctx, relay)
	if err != nil {
		return err
	}
	t.say("%s", link.URL())
	t.log.Info("a signed link, good once", "host", link.Host, "until", link.GoodUntil.Format(time.RFC3339))
	return nil
}

func (l *linkCommand) relay() (requests.Relay, error) {
	config := kms.Config{Region: l.Region, Network: l.Network, Endpoint: l.Endpoint, CAFile: l.CAFile, Version: version}
	if l.KMS == "local" {
		if l.Network != "" {
			return nil, errors.New("--network is for --kms=alibaba")
		}
		if config.Endpoint == "" {
			config.Endpoint = "127.0.0.1:8788"
		}
		config.PlainHTTP = l.CAFile == ""
		config.AccessKeyID, config.AccessKeySecret = localkms.DefaultAccessKeyID, localkms.DefaultAccessKeySecret
	}
	client, err := kms.New(config)
	if err != nil {
		return nil, err
	}
	return requests.Direct(client), nil
}

func (l *linkCommand) sign(ctx context.Context, relay requests.Relay) (*kms.Link, error) {
	if l.Import == "" {
		return relay.ParametersLink(ctx, l.KeyID, kms.WrappingSpec{Algorithm: l.Algorithm, KeySpec: "RSA_2048"})
	}
	file, err := l.read()
	if err != nil {
		return nil, err
	}
	if file.Region != l.Region {
		return nil, fmt.Errorf("the import file is for region %s: add --region %s", file.Region, file.Region)
	}
	return relay.WrappedLink(ctx, file.KeyID, requests.Submission{
		EncryptedKeyMaterial: file.EncryptedKeyMaterial, ImportToken: file.ImportToken, ExpireUnix: file.ExpireUnix,
	})
}

func (l *linkCommand) read() (*importfile.File, error) {
	source := os.Stdin
	if l.Import != "-" {
		opened, err := os.Open(l.Import)
		if err != nil {
			return nil, fmt.Errorf("reading the import file: %v", err)
		}
		defer opened.Close()
		source = opened
	}
	text, err := io.ReadAll(io.LimitReader(source, importfile.MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("reading the import file: %v", err)
	}
	return importfile.Parse(text)
}
