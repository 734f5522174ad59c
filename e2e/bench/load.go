package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// connections is how many clients a load test has.
const connections = 64

// The published quotas of the two calls, a second.
const (
	readQuota  = 50
	writeQuota = 30
)

// load is what a load test saw.
type load struct {
	answered durations
	waiting  durations // what those had waited that had no answer when the time was over
	took     time.Duration
}

// rate is how many calls were answered a second.
func (l *load) rate() float64 { return float64(len(l.answered)) / l.took.Seconds() }

// p99 is the time that 99 of 100 calls did not exceed. Where it falls on a call that was still waiting it is a bound.
func (l *load) p99() string {
	all := append(append(durations{}, l.answered...), l.waiting...)
	at := all.at(0.99)
	for _, one := range l.waiting {
		if one == at {
			return "≥ " + short(at)
		}
	}
	return short(at)
}

// press has every connection make calls until the time is over, or until as many as wanted were begun; 0 wants any
// number.
func press(ctx context.Context, limit time.Duration, wanted int, call func(ctx context.Context, n int) error) (*load, error) {
	inTime, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var (
		mu    sync.Mutex
		all   load
		fault error
		begun atomic.Int64
		group sync.WaitGroup
	)
	start := time.Now()
	for range connections {
		group.Go(func() {
			var mine load
			var err error
			for err == nil && inTime.Err() == nil {
				n := int(begun.Add(1)) - 1
				if wanted > 0 && n >= wanted {
					break
				}
				began := time.Now()
				err = call(inTime, n)
				if took := time.Since(began); err == nil {
					mine.answered = append(mine.answered, took)
				} else if inTime.Err() != nil {
					mine.waiting = append(mine.waiting, took)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			all.answered = append(all.answered, mine.answered...)
			all.waiting = append(all.waiting, mine.waiting...)
			if err != nil && inTime.Err() == nil {
				fault = errors.Join(fault, err)
			}
		})
	}
	group.Wait()
	all.took = time.Since(start)
	if fault == nil {
		fault = ctx.Err()
	}
	return &all, fault
}

// measureLoad presses the local KMS, in a process of its own.
func (b *bench) measureLoad(ctx context.Context) ([]row, error) {
	program, err := b.startLocalKMS(ctx)
	if err != nil {
		return nil, err
	}
	defer program.stop()
	c := newCaller(program.local, connections)
	defer c.close()
	in, err := c.prepareImport(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := press(ctx, 5*time.Second, 4*connections, func(ctx context.Context, _ int) error { // opens the connections
		return c.call(ctx, "DescribeKey", map[string]string{"KeyId": in["KeyId"]}, nil)
	}); err != nil {
		return nil, err
	}
	imports, err := press(ctx, b.loadTime, 0, func(ctx context.Context, _ int) error {
		return c.call(ctx, "ImportKeyMaterial", in, nil)
	})
	if err != nil {
		return nil, err
	}
	pool, err := program.keysReady(ctx)
	if err != nil {
		return nil, err
	}
	parameters, err := press(ctx, b.loadTime, 0, func(ctx context.Context, _ int) error {
		return c.call(ctx, "GetParametersForImport", parametersFor(in["KeyId"]), nil)
	})
	if err != nil {
		return nil, err
	}
	return []row{
		imports.row("ImportKeyMaterial, 64 connections", writeQuota),
		parameters.row(fmt.Sprintf("GetParametersForImport, 64 connections, pool of %d", pool), readQuota),
	}, nil
}

func (l *load) row(what string, quota float64) row {
	return row{
		what: what, value: fmt.Sprintf("%s, p99 %s", perSecond(l.rate()), l.p99()),
		against: fmt.Sprintf("published quota: %.0f/s", quota), ratio: times(l.rate(), quota),
	}
}
