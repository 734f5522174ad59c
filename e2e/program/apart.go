package program

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"keyferry/server/localkms"
)

// Apart is the console and the local KMS in two processes, with a proxy between them. The console
// takes the local KMS for Alibaba Cloud.
type Apart struct {
	Program   // its Process is the console
	KMS       *Program
	Proxy     *Proxy
	t         testing.TB
	flags     []string // of the console
	stateFile string   // of the local KMS
}

// StartApart starts both.
func StartApart(t testing.TB) *Apart {
	t.Helper()
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", localkms.DefaultAccessKeyID)
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", localkms.DefaultAccessKeySecret)
	a := &Apart{t: t, stateFile: filepath.Join(t.TempDir(), "kms.state"), Proxy: startProxy(t)}
	a.Process = &Process{Log: &Log{}}
	a.StartKMS()
	a.flags = []string{"serve", "--kms=alibaba", "--allow-unauthenticated", "--endpoint=" + a.Proxy.address, "--ca-file=" + a.Proxy.authority}
	a.Console = "http://127.0.0.1:0"
	a.StartConsole()
	return a
}

// StartKMS starts the local KMS, which reads its state file if there is one.
func (a *Apart) StartKMS() {
	a.t.Helper()
	a.KMS = Launch(a.t, exec.Command(Binary, kmsArguments("--state="+a.stateFile, "--pool=1")...), a.Log)
	a.Local, a.Control = a.KMS.Local, a.KMS.Control
	a.Proxy.lead(a.Local)
}

// StartConsole starts the console, at the same address as before.
func (a *Apart) StartConsole() {
	a.t.Helper()
	command := exec.Command(Binary, append(a.flags, "--listen="+strings.TrimPrefix(a.Console, "http://"))...)
	console := Launch(a.t, command, a.Log)
	a.Process, a.Console = console.Process, console.Console
}
