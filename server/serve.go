package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"keyferry/server/address"
	"keyferry/server/console"
	"keyferry/server/kms"
	"keyferry/server/localkms"
	"keyferry/server/requests"
	"keyferry/web"
)

// serveCommand runs the console.
type serveCommand struct {
	open
	tlsFlags
	Listen string        `default:"127.0.0.1:8787" help:"Address of the console. The sockets of a systemd socket unit replace it."`
	Drain  time.Duration `placeholder:"5s" help:"How long to go on taking connections after SIGTERM, while /readyz answers 503, so that a load balancer sends no more."`
	KMS    string        `name:"kms" enum:"local,alibaba" default:"local" help:"Where calls go: the embedded local KMS, or Alibaba Cloud (${enum})."`

	Region   string `default:"cn-hangzhou" help:"Region of the KMS."`
	Network  string `enum:",vpc" default:"" help:"vpc: use the VPC endpoint of Alibaba Cloud KMS."`
	Endpoint string `help:"Another endpoint of Alibaba Cloud KMS, as host or host:port."`
	CAFile   string `name:"ca-file" type:"existingfile" help:"Certificates to trust for the endpoint, in PEM, instead of the system's."`

	LocalKMSListen        string `name:"localkms-listen" default:"127.0.0.1:8788" help:"Address of the embedded local KMS."`
	LocalKMSControlListen string `name:"localkms-control-listen" help:"Address of the local KMS's control API, for tests. Off when empty."`

	teamFlags
	watchFlags
	limitFlags
	regionFlags
}

// Run runs the console until ctx ends.
func (s *serveCommand) Run(ctx context.Context, t terminal) error {
	if err := s.check(s.KMS); err != nil {
		return err
	}
	hosts, err := s.consoleHosts()
	if err != nil {
		return err
	}
	limited, err := s.limitFlags.limits()
	if err != nil {
		return err
	}
	reachable := s.open
	reachable.AllowUnauthenticated = s.AllowUnauthenticated || s.OIDCIssuer != "" // then everybody signs in
	sites, err := s.sites(ctx, t, reachable)
	if err != nil {
		return err
	}
	own := len(sites) // those that come later are the local KMS's
	for _, s := range sites {
		defer s.listener.Close()
	}
	static, err := web.Embedded()
	if err != nil {
		return err
	}
	watching, err := s.watchFlags.start(ctx, t)
	if err != nil {
		return err
	}
	defer watching.tracer.Close()
	config := console.Config{Static: static, Region: s.Region, Hosts: hosts, Version: version, Logger: t.log,
		Observe: watching.answered, Limits: limited.console}
	consoleURL := sites[0].url()

	client, embedded, err := s.openKMS(ctx, t, watching, &config, consoleURL)
	if err != nil {
		return err
	}
	if embedded != nil {
		defer embedded.close()
		sites = append(sites, embedded.sites...)
	}
	address, closePeople, err := s.openPeople(ctx, t, watching, client, &config, consoleURL)
	if err != nil {
		return err
	}
	defer closePeople()
	config.Ready = untilStopped(ctx, config.Ready)
	app, err := console.New(config)
	if err != nil {
		return err
	}
	for i := range own {
		sites[i].handler = limited.proxies.Handler(watching.tracer.Handler(app))
		sites[i].listener = limited.listener(sites[i].listener)
	}
	measured, err := s.watchFlags.site(t, watching.metrics)
	if err != nil {
		return err
	}
	sites = append(sites, measured...)
	s.greet(t, sites[0], address, len(hosts) > 0)
	return serve(ctx, t.log, s.Drain, sites...)
}

// openKMS makes the client of the KMS, and opens the local KMS if calls go there.
func (s *serveCommand) openKMS(ctx context.Context, t terminal, w *watch, config *console.Config, consoleURL string) (*kms.Client, *embeddedKMS, error) {
	if s.KMS != "local" {
		client, err := s.alibaba(ctx, t, w)
		return client, nil, err
	}
	embedded, err := s.embed(t, consoleURL)
	if err != nil {
		return nil, nil, err
	}
	config.LocalKMSURL = embedded.url
	config.LocalKMSFlags, config.LocalKMSLogin = localKMSCommands(embedded.address)
	client, err := kms.New(kms.Config{
		Region: s.Region, Endpoint: embedded.address, PlainHTTP: true, Version: version, Logger: t.log,
		ReturnThrottled: s.Database != "", Observe: w.called,
		AccessKeyID: localkms.DefaultAccessKeyID, AccessKeySecret: localkms.DefaultAccessKeySecret,
	})
	if err != nil {
		embedded.close()
		return nil, nil, err
	}
	return client, embedded, nil
}

// openPeople opens what decides who may import: the database of a team, the address by which the
// operator signs in, or nothing. It returns that address, if there is one, and what closes all of it.
func (s *serveCommand) openPeople(ctx context.Context, t terminal, w *watch, client *kms.Client, config *console.Config, consoleURL string) (address string, closeAll func(), err error) {
	others, err := s.others(s.cloud(t, w), s.KMS == "local", s.Database != "")
	if err != nil {
		return "", nil, err
	}
	reads, writes := s.pace(s.KMS)
	config.KMS, config.Ready = requests.Direct(requests.Paced(client, reads, writes)), client.CheckCredentials
	switch {
	case s.Database != "":
		running, err := s.openTeam(ctx, t, client, s.Region, others, consoleURL, w)
		if err != nil {
			return "", nil, err
		}
		config.Team, config.KMS = running.console(&s.teamFlags), running.requests.Own()
		config.Ready = func(ctx context.Context) error { return errors.Join(client.CheckCredentials(ctx), running.ready(ctx)) }
		return "", func() { running.close() }, nil
	case s.KMS == "alibaba" && !s.AllowUnauthenticated:
		operator, err := s.operator(t, consoleURL, w)
		if err != nil {
			return "", nil, err
		}
		config.Operator, address = operator, operator.Address()
	}
	return address, func() {}, nil
}

// sites opens what the console listens on, without a handler yet.
func (s *serveCommand) sites(ctx context.Context, t terminal, o open) ([]site, error) {
	certificate, err := s.tlsFlags.open()
	if err != nil {
		return nil, err
	}
	var config *tls.Config
	if certificate != nil {
		certificate.watch(ctx, t.log)
		config = certificate.config()
	}
	listeners, err := o.sockets("--listen", s.Listen)
	if err != nil {
		return nil, err
	}
	var all []site
	for _, listener := range listeners {
		all = append(all, site{listener: listener, tls: config})
	}
	return all, nil
}

// errStopping is why a console that was told to stop is not ready.
var errStopping = errors.New("the program was told to stop")

// untilStopped is ready, and not ready once ctx has ended.
func untilStopped(ctx context.Context, ready func(context.Context) error) func(context.Context) error {
	return func(asked context.Context) error {
		if ctx.Err() != nil {
			return errStopping
		}
		return ready(asked)
	}
}

// greet tells the person who started the program where the console is.
func (s *serveCommand) greet(t terminal, at site, open string, named bool) {
	t.say("Keyferry %s: console on %s", version, at.url())
	if open != "" {
		t.say("To import keys, open %s", open)
		t.say("It works once, in one browser, so that nobody else on this computer can import. --allow-unauthenticated leaves it out.")
	}
	if host, _, err := net.SplitHostPort(at.listener.Addr().String()); err == nil && !address.Loopback(host) && !named {
		t.say("The console answers to localhost and loopback addresses alone. For other names add --allowed-host.")
	}
}

// consoleHosts returns the names that the console answers to besides loopback: those of
// --allowed-host, and the name in --base-url.
func (s *serveCommand) consoleHosts() ([]string, error) {
	hosts, err := s.hosts()
	if err != nil || s.BaseURL == "" {
		return hosts, err
	}
	name, err := console.ParseHost(s.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("--base-url: %w", err)
	}
	return append(hosts, name), nil
}

// localKMSCommands returns what an aliyun command needs to reach a local KMS: the flags that go
// behind it, and the environment variables that go in front.
func localKMSCommands(endpoint string) (flags, login string) {
	return " --endpoint " + endpoint + " --insecure",
		"ALIBABA_CLOUD_ACCESS_KEY_ID=" + localkms.DefaultAccessKeyID +
			" ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + localkms.DefaultAccessKeySecret + " "
}

// alibaba makes the client for Alibaba Cloud, with credentials from the vendor's default chain.
// Missing credentials do not stop the program, since they may come later, but are logged at once.
func (s *serveCommand) alibaba(ctx context.Context, t terminal, w *watch) (*kms.Client, error) {
	if s.LocalKMSControlListen != "" {
		return nil, errors.New("--localkms-control-listen: there is no local KMS with --kms=alibaba")
	}
	client, err := kms.New(s.cloud(t, w))
	if err != nil {
		return nil, err
	}
	if err := client.CheckCredentials(ctx); err != nil {
		t.log.Warn("no credentials yet", "error", err)
	}
	t.say("Calls go to Alibaba Cloud KMS in %s.", strings.Join(append([]string{s.Region}, s.FurtherRegion...), ", "))
	return client, nil
}

// cloud is the configuration of the client for Alibaba Cloud.
func (s *serveCommand) cloud(t terminal, w *watch) kms.Config {
	return kms.Config{
		Region: s.Region, Network: s.Network, Endpoint: s.Endpoint, CAFile: s.CAFile, Version: version, Logger: t.log,
		ReturnThrottled: s.Database != "", // then requests keep the rate
		Observe:         w.called,
	}
}

// embeddedKMS is the local KMS inside the console's process. The console reaches it as it reaches
// Alibaba Cloud: with signed requests over HTTP.
type embeddedKMS struct {
	kms     *localkms.KMS
	sites   []site
	url     string
	address string
}

func (e *embeddedKMS) close() {
	for _, s := range e.sites {
		s.listener.Close()
	}
	e.kms.Close()
}

// embeddedPool is how many wrapping keys the embedded KMS keeps ready. Generating one takes a tenth
// of a second or more of the machine that a person is about to use, who needs one per import.
const embeddedPool = 1

func (s *serveCommand) embed(t terminal, consoleURL string) (*embeddedKMS, error) {
	if s.Endpoint != "" || s.Network != "" || s.CAFile != "" {
		return nil, errors.New("--endpoint, --network and --ca-file are for --kms=alibaba")
	}
	if host, _, err := net.SplitHostPort(s.LocalKMSListen); err == nil && !address.Loopback(host) {
		return nil, errors.New("--localkms-listen: the console reaches the local KMS without TLS, so it must stay on a loopback address")
	}
	if host, _, err := net.SplitHostPort(s.LocalKMSControlListen); err == nil && !address.Loopback(host) {
		return nil, errors.New("--localkms-control-listen: the control API shows key material and asks for no credentials, so it must stay on a loopback address")
	}
	config := localkms.Config{
		Region: s.Region, Logger: t.log, PoolSize: embeddedPool, WrappingKeys: t.wrappingKeys,
		ConsoleURL: func() string { return consoleURL },
	}
	k, err := localkms.Open(config)
	if err != nil {
		return nil, err
	}
	e := &embeddedKMS{kms: k}
	if e.sites, err = localKMSSites(s.open, t, k, localKMSAddresses{api: s.LocalKMSListen, control: s.LocalKMSControlListen}, config); err != nil {
		k.Close()
		return nil, err
	}
	e.url = e.sites[0].url() + "/"
	e.address = e.sites[0].listener.Addr().String()
	return e, nil
}
