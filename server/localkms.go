package main

import (
	"context"

	"keyferry/server/localkms"
)

// localKMSCommand runs the local KMS alone.
type localKMSCommand struct {
	open
	Listen        string `default:"127.0.0.1:8788" help:"Address of the API and of the inspector."`
	ControlListen string `help:"Address of the control API, for tests. Off when empty."`
	Region        string `default:"cn-hangzhou" help:"Region that it answers for."`
	Console       string `help:"Address of a console that the inspector's pages link to."`
}

// Run runs the local KMS until ctx ends.
func (l *localKMSCommand) Run(ctx context.Context, t terminal) error {
	k, err := localkms.Open(localkms.Config{
		Region: l.Region, Logger: t.log, ConsoleURL: func() string { return l.Console },
	})
	if err != nil {
		return err
	}
	defer k.Close()
	sites, err := localKMSSites(l.open, t, k, l.Listen, l.ControlListen, l.Region)
	if err != nil {
		return err
	}
	return serve(ctx, t.log, sites...)
}

// localKMSSites opens the addresses of a local KMS and tells the person, loudly, what it is.
func localKMSSites(o open, t terminal, k *localkms.KMS, address, controlAddress, region string) ([]site, error) {
	listener, err := o.listen("local KMS", address)
	if err != nil {
		return nil, err
	}
	sites := []site{{listener, k}}
	t.say("LOCAL KMS on %s: for trying out and for tests, NEVER FOR REAL KEYS. AccessKey %s / %s, region %s, account %s",
		sites[0].url(), localkms.DefaultAccessKeyID, localkms.DefaultAccessKeySecret, region, localkms.DefaultAccountID)
	if controlAddress == "" {
		return sites, nil
	}
	control, err := o.listen("control API", controlAddress)
	if err != nil {
		listener.Close()
		return nil, err
	}
	sites = append(sites, site{control, k.Control()})
	t.say("Control API of the local KMS on %s", sites[1].url())
	return sites, nil
}
