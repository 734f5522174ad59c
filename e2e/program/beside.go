package program

import (
	"encoding/pem"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"

	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
)

// StartBeside runs the console in front of a local KMS in the test's own process, which takes its
// wrapping keys from [localkmstest.WrappingKeys] unless the Config has others. A test that needs
// thousands of them would wait for hours until as many RSA keys were generated. The console takes
// this KMS for Alibaba Cloud, and makes as many calls a second as it can unless the flags say
// otherwise. Both write to the same log.
func StartBeside(t testing.TB, config localkms.Config, flags ...string) *Program {
	t.Helper()
	if testing.Short() {
		t.Skip("starts programs")
	}
	log := &Log{}
	config.Logger = slog.New(slog.NewTextHandler(log, nil))
	k := localkmstest.New(t, config)
	secure, plain, control := httptest.NewTLSServer(k), httptest.NewServer(k), httptest.NewServer(k.Control())
	authority := Kept(t, "authority.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}))
	for _, server := range []*httptest.Server{secure, plain, control} {
		t.Cleanup(server.CloseClientConnections)
		t.Cleanup(server.Close)
	}
	command := exec.Command(Binary, append([]string{"serve", "--listen=127.0.0.1:0", "--kms=alibaba", "--allow-unauthenticated",
		"--endpoint=" + secure.Listener.Addr().String(), "--ca-file=" + authority,
		"--kms-reads-per-second=10000", "--kms-writes-per-second=10000"}, flags...)...)
	command.Env = append(os.Environ(), "ALIBABA_CLOUD_ACCESS_KEY_ID="+localkms.DefaultAccessKeyID,
		"ALIBABA_CLOUD_ACCESS_KEY_SECRET="+localkms.DefaultAccessKeySecret)
	p := Launch(t, command, log)
	p.Local, p.Control = plain.URL, control.URL
	return p
}
