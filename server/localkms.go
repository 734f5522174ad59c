package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"keyferry/server/localkms"
	"keyferry/server/textfile"
)

// localKMSCommand runs the local KMS alone.
type localKMSCommand struct {
	open
	Listen        string `default:"127.0.0.1:8788" help:"Address of the API and of the inspector."`
	ControlListen string `help:"Address of the control API, for tests. Off when empty."`
	Console       string `help:"Address of a console that the inspector's pages link to."`

	Region     string  `default:"cn-hangzhou" help:"Region that it answers for."`
	Account    string  `default:"1234567890123456" help:"Id of the account."`
	AccessKeys string  `type:"existingfile" help:"JSON file with an array of AccessKeys, instead of keyferry-local: id, secret, account, actions, keyIds, securityToken, expires, inactive."`
	Seed       string  `type:"existingfile" help:"JSON file with the CMKs to start with."`
	State      string  `help:"File that keeps the state. Without it the state ends with the program."`
	Quotas     bool    `help:"Apply the published limits of the service: requests per second, number of CMKs and aliases."`
	Reads      float64 `name:"reads-per-second" help:"Throttle reads, such as GetParametersForImport, beyond this number a second."`
	Writes     float64 `name:"writes-per-second" help:"Throttle writes, such as ImportKeyMaterial, beyond this number a second."`
	Pool       int     `default:"16" help:"How many wrapping keys are kept ready."`

	tlsFlags
	TLSSelfSigned string `name:"tls-self-signed" placeholder:"FILE" help:"Make a certificate authority for this run, and write its certificate to the file for clients to trust."`
}

// Run runs the local KMS until ctx ends.
func (l *localKMSCommand) Run(ctx context.Context, t terminal) error {
	config, err := l.config(t)
	if err != nil {
		return err
	}
	certificates, err := l.certificates(ctx, t, config.Hosts)
	if err != nil {
		return err
	}
	k, err := localkms.Open(config)
	if err != nil {
		return err
	}
	sites, err := localKMSSites(l.open, t, k, localKMSAddresses{l.Listen, l.ControlListen, certificates}, config)
	if err != nil {
		return errors.Join(err, k.Close())
	}
	return errors.Join(serve(ctx, t.log, 0, sites...), k.Close())
}

// config returns the configuration of a local KMS by flags and files.
func (l *localKMSCommand) config(t terminal) (localkms.Config, error) {
	hosts, err := l.hosts()
	config := localkms.Config{
		Region: l.Region, AccountID: l.Account, Logger: t.log, Hosts: hosts,
		Quotas: l.Quotas, ReadsPerSecond: l.Reads, WritesPerSecond: l.Writes, PoolSize: l.Pool, StateFile: l.State,
		WrappingKeys: t.wrappingKeys, ConsoleURL: func() string { return l.Console },
	}
	if err != nil {
		return config, err
	}
	if l.AccessKeys != "" {
		text, err := textfile.Read(l.AccessKeys)
		if err == nil {
			config.AccessKeys, err = localkms.ParseAccessKeys(text)
		}
		if err != nil {
			return config, fmt.Errorf("reading %s: %v", l.AccessKeys, err)
		}
	}
	if l.Seed != "" {
		text, err := textfile.Read(l.Seed)
		if err == nil {
			config.Seed, err = localkms.ParseSeed(text)
		}
		if err != nil {
			return config, fmt.Errorf("reading %s: %v", l.Seed, err)
		}
	}
	return config, nil
}

// certificates returns the configuration of TLS; nil means no TLS. A certificate that it makes is
// for the hosts too.
func (l *localKMSCommand) certificates(ctx context.Context, t terminal, hosts []string) (*tls.Config, error) {
	if l.TLSCert != "" && l.TLSSelfSigned != "" {
		return nil, errors.New("--tls-self-signed makes its own certificate: leave --tls-cert and --tls-key out")
	}
	files, err := l.tlsFlags.open()
	switch {
	case err != nil:
		return nil, err
	case files != nil:
		files.watch(ctx, t.log)
		return files.config(), nil
	case l.TLSSelfSigned == "":
		return nil, nil
	}
	host, _, _ := net.SplitHostPort(l.Listen)
	certificate, err := selfSigned(l.TLSSelfSigned, append([]string{host}, hosts...))
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}, nil
}

// localKMSAddresses are where a local KMS listens.
type localKMSAddresses struct {
	api, control string
	tls          *tls.Config // of the API; nil means none
}

// localKMSSites opens the addresses of a local KMS and warns the person that it is one.
func localKMSSites(o open, t terminal, k *localkms.KMS, at localKMSAddresses, config localkms.Config) ([]site, error) {
	listener, err := o.listen("local KMS", at.api)
	if err != nil {
		return nil, err
	}
	sites := []site{{listener: listener, handler: k, tls: at.tls}}
	who := "AccessKey " + localkms.DefaultAccessKeyID + " / " + localkms.DefaultAccessKeySecret
	if len(config.AccessKeys) > 0 {
		who = fmt.Sprintf("%d AccessKeys of your own", len(config.AccessKeys))
	}
	account := config.AccountID
	if account == "" {
		account = localkms.DefaultAccountID
	}
	t.say("LOCAL KMS on %s: for trying out and for tests, NEVER FOR REAL KEYS. %s, region %s, account %s",
		sites[0].url(), who, config.Region, account)
	if at.control == "" {
		return sites, nil
	}
	control, err := o.listen("control API", at.control)
	if err != nil {
		listener.Close()
		return nil, err
	}
	sites = append(sites, site{listener: control, handler: k.Control()})
	t.say("Control API of the local KMS on %s", sites[1].url())
	return sites, nil
}
