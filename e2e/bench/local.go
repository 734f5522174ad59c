package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"keyferry/server/localkms"
)

// largestBurst is how long a burst from a warm pool may take.
const largestBurst = time.Second

// localServer is a local KMS in this process, behind a loopback address, for what needs a setting that the command has
// not, or a look at the heap.
type localServer struct {
	kms     *localkms.KMS
	server  *http.Server
	address string
}

func serveLocalKMS(config localkms.Config) (*localServer, error) {
	kms, err := localkms.Open(config)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		kms.Close()
		return nil, err
	}
	s := &localServer{kms: kms, server: &http.Server{Handler: kms}, address: "http://" + listener.Addr().String()}
	go s.server.Serve(listener)
	return s, nil
}

func (s *localServer) close() {
	s.server.Close()
	s.kms.Close()
}

// warmKMS is a local KMS whose pool of wrapping keys fills while the bench does something else.
type warmKMS struct {
	*localServer
	err error
}

func newWarmKMS(size int) *warmKMS {
	s, err := serveLocalKMS(localkms.Config{PoolSize: size})
	return &warmKMS{s, err}
}

// close may be called twice.
func (w *warmKMS) close() {
	if w.localServer != nil {
		w.localServer.close()
	}
}

// measure asks for a burst of parameter sets at once, when there is a wrapping key for each.
func (w *warmKMS) measure(ctx context.Context, burst int) ([]row, error) {
	if w.err != nil {
		return nil, w.err
	}
	defer w.close() // or its generator would disturb what comes next
	if err := w.wait(ctx, burst); err != nil {
		return nil, err
	}
	c := newCaller(w.address, connections)
	defer c.close()
	keyID := localkms.DefaultSeed().Keys[0].KeyID
	answered, err := press(ctx, 20*time.Second, burst, func(ctx context.Context, _ int) error {
		return c.call(ctx, "GetParametersForImport", parametersFor(keyID), nil)
	})
	if err != nil {
		return nil, err
	}
	if len(answered.answered) != burst {
		return nil, fmt.Errorf("%d of %d were answered in %v", len(answered.answered), burst, answered.took)
	}
	r := row{
		what:    fmt.Sprintf("Burst of %d parameter sets, warm pool", burst),
		value:   fmt.Sprintf("%s, p99 %s", short(answered.took), answered.p99()),
		against: fmt.Sprintf("published quota: %d/s", readQuota), ratio: times(answered.rate(), readQuota),
	}
	return []row{r.aim("< 1 s", float64(answered.took), float64(largestBurst))}, nil
}

// wait waits until the pool holds as many keys as the burst takes.
func (w *warmKMS) wait(ctx context.Context, burst int) error {
	for n := 0; ; n++ {
		ready := w.kms.WrappingKeysReady()
		switch {
		case ready >= burst:
			return nil
		case n > 3*60*10:
			return errors.New("the pool is not full after three minutes")
		case n%100 == 0:
			progress("waiting for the local KMS's pool: %d of %d wrapping keys", ready, burst)
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
