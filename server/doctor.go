package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"time"

	"keyferry/server/doctor"
	"keyferry/server/kms"
	"keyferry/server/localkms"
)

// doctorCommand finds out whether this computer is ready to import.
type doctorCommand struct {
	KMS      string        `name:"kms" enum:"local,alibaba" default:"alibaba" help:"Which KMS to look at: Alibaba Cloud, or a local KMS, to see what a report looks like (${enum})."`
	Region   string        `default:"cn-hangzhou" help:"Region of the KMS."`
	Network  string        `enum:",vpc" default:"" help:"vpc: use the VPC endpoint of Alibaba Cloud KMS."`
	Endpoint string        `help:"Another endpoint, as host or host:port. With --kms=local that of a running local KMS; without it, one is started for the time of the command."`
	CAFile   string        `name:"ca-file" type:"existingfile" help:"Certificates to trust for the endpoint, in PEM, instead of the system's."`
	KeyID    string        `name:"key-id" help:"A CMK to get import parameters for. That changes nothing in the KMS, and shows whether signature, RAM policy and algorithms are right."`
	Timeout  time.Duration `default:"1m" help:"How long all of it may take."`
}

// Help is the long form of the help.
func (*doctorCommand) Help() string {
	return "Looks at proxy, network, certificates, clock and credentials. With --key-id it calls GetParametersForImport " +
		"once for each algorithm, and says which of them the CMK takes, how long the import token lives, and what " +
		"browsers are answered.\n\n" +
		"The report names hosts, the region and the CMK. It holds no AccessKey, token or password, and can be sent on.\n\n" +
		"Exit status: 0 if nothing failed, 1 if something did, 2 if the flags make no sense."
}

// Run looks and prints the report.
func (d *doctorCommand) Run(ctx context.Context, t terminal) error {
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	if d.KeyID != "" && !kms.KeyIDs.MatchString(d.KeyID) {
		return failed{errors.New("--key-id: this is not the id of a CMK, such as key-hzz… or a UUID; an alias cannot be used for importing"), 2}
	}
	config := kms.Config{
		Region: d.Region, Network: d.Network, Endpoint: d.Endpoint, CAFile: d.CAFile, Version: version, Logger: t.log,
	}
	if d.KMS == "local" {
		config.PlainHTTP = d.CAFile == ""
		config.AccessKeyID, config.AccessKeySecret = localkms.DefaultAccessKeyID, localkms.DefaultAccessKeySecret
		if d.Endpoint == "" {
			local, err := startLocalKMS(d.Region, t)
			if err != nil {
				return failed{err, 2}
			}
			defer local.close()
			config.Endpoint = local.address
		}
	}
	report, err := doctor.Run(ctx, doctor.Config{KMS: config, KeyID: d.KeyID})
	if err != nil {
		return failed{err, 2}
	}
	if err := report.Write(t.out, version, runtime.GOOS+"/"+runtime.GOARCH); err != nil {
		return failed{err, 2}
	}
	if report.Failed() {
		return failed{errors.New("something is not ready, see above"), 1}
	}
	return nil
}

// startedKMS is a local KMS for the time of a command.
type startedKMS struct {
	kms     *localkms.KMS
	server  *http.Server
	address string
}

func startLocalKMS(region string, t terminal) (*startedKMS, error) {
	k, err := localkms.Open(localkms.Config{Region: region, PoolSize: 1, WrappingKeys: t.wrappingKeys})
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting a local KMS: %v", err), k.Close())
	}
	s := &startedKMS{k, &http.Server{Handler: k, ReadHeaderTimeout: 5 * time.Second}, listener.Addr().String()}
	go s.server.Serve(listener) // ends with close
	t.say("A local KMS was started for this, which has the CMK %s.", localkms.DefaultSeed().Keys[0].KeyID)
	return s, nil
}

func (s *startedKMS) close() {
	s.server.Close()
	s.kms.Close()
}
