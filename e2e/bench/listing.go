package main

import (
	"context"
	"crypto/rsa"
	"fmt"
	"runtime"
	"strconv"
	"time"

	"keyferry/server/localkms"
	"keyferry/wasm/keywrap/keywraptest"
)

const (
	pageSize     = 100
	comparePages = 100 // first against last
	walks        = 5
	slowestLast  = 1.5 // times the first pages
)

// measureListing makes many CMKs, weighs them, and lists them page by page.
func (b *bench) measureListing(ctx context.Context) ([]row, error) {
	local, err := serveLocalKMS(localkms.Config{
		Seed:         &localkms.Seed{},
		WrappingKeys: []*rsa.PrivateKey{keywraptest.PrivateKey()}, // none is asked for, so none need be made
	})
	if err != nil {
		return nil, err
	}
	defer local.close()
	c := newCaller(local.address, connections)
	c.once = true // what the KMS remembers of a nonce is not the memory of a CMK
	defer c.close()

	create := func(ctx context.Context, _ int) error {
		return c.call(ctx, "CreateKey", map[string]string{"Origin": "EXTERNAL", "Description": "for the bench"}, nil)
	}
	if _, err := press(ctx, 10*time.Second, 4*connections, create); err != nil { // opens the connections
		return nil, err
	}
	before := heap()
	made, err := press(ctx, 2*time.Minute, b.keys, create)
	if err != nil {
		return nil, err
	}
	if len(made.answered) != b.keys {
		return nil, fmt.Errorf("only %d CMKs were made in %v", len(made.answered), made.took)
	}
	each := float64(heap()-before) / float64(b.keys)
	runtime.KeepAlive(made)

	first, last, err := comparePaging(ctx, c, b.keys+4*connections)
	if err != nil {
		return nil, err
	}
	ratio := float64(last) / float64(first)
	return []row{
		row{
			what:    fmt.Sprintf("Listing %d CMKs, last %d pages", b.keys, comparePages),
			value:   short(last / comparePages),
			against: fmt.Sprintf("first %d pages: %s", comparePages, short(first/comparePages)),
			ratio:   times(float64(last), float64(first)),
		}.aim("≤ 1.5×", ratio, slowestLast),
		{what: "Memory of a CMK", value: fmt.Sprintf("%.0f bytes", each)},
		{what: "CreateKey, 64 connections", value: fmt.Sprintf("%s, p99 %s", perSecond(made.rate()), made.p99())},
	}, nil
}

// heap is what is in use once the garbage is gone.
func heap() int64 {
	runtime.GC()
	runtime.GC() // the first leaves to the second what had finalizers, and what pools held
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// comparePaging walks all pages several times and returns what the first and the last pages took in the walk of the
// median ratio.
func comparePaging(ctx context.Context, c *caller, total int) (first, last time.Duration, err error) {
	var ratios []float64
	found := map[float64][2]time.Duration{}
	for range walks {
		pages, err := walk(ctx, c, total)
		if err != nil {
			return 0, 0, err
		}
		first := pages[:comparePages].total()
		last := pages[len(pages)-comparePages:].total()
		ratio := float64(last) / float64(first)
		ratios = append(ratios, ratio)
		found[ratio] = [2]time.Duration{first, last}
	}
	middle := found[median(ratios)]
	return middle[0], middle[1], nil
}

// walk lists all CMKs once and returns the time of each full page. It expects to see every CMK, and none twice.
func walk(ctx context.Context, c *caller, total int) (durations, error) {
	var pages durations
	seen := make(map[string]bool, total)
	for number := 1; len(seen) < total; number++ {
		var answer struct {
			Keys       struct{ Key []struct{ KeyId string } }
			TotalCount int
		}
		began := time.Now()
		err := c.call(ctx, "ListKeys", map[string]string{
			"PageNumber": strconv.Itoa(number), "PageSize": strconv.Itoa(pageSize),
		}, &answer)
		took := time.Since(began)
		if err != nil {
			return nil, err
		}
		before := len(seen)
		for _, key := range answer.Keys.Key {
			seen[key.KeyId] = true
		}
		if len(seen)-before != len(answer.Keys.Key) || len(seen) == before || answer.TotalCount != total {
			return nil, fmt.Errorf("page %d has %d CMKs, of %d in all; some were seen before or are missing",
				number, len(answer.Keys.Key), answer.TotalCount)
		}
		if len(answer.Keys.Key) == pageSize {
			pages = append(pages, took)
		}
	}
	return pages, nil
}
