package main

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// durations are measured times.
type durations []time.Duration

// at returns the time that a share of all does not exceed: at(0.5) is the median. It sorts d.
func (d durations) at(share float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[max(0, int(math.Ceil(share*float64(len(d))))-1)]
}

// total is the sum of all.
func (d durations) total() time.Duration {
	var sum time.Duration
	for _, one := range d {
		sum += one
	}
	return sum
}

// median returns the middle of values, which it sorts.
func median(values []float64) float64 {
	slices.Sort(values)
	if n := len(values); n%2 == 0 {
		return (values[n/2-1] + values[n/2]) / 2
	}
	return values[len(values)/2]
}

// short shows a time with as many digits as mean something.
func short(d time.Duration) string {
	inMilliseconds := float64(d) / float64(time.Millisecond)
	switch {
	case inMilliseconds < 10:
		return fmt.Sprintf("%.2f ms", inMilliseconds)
	case inMilliseconds < 1000:
		return fmt.Sprintf("%.0f ms", inMilliseconds)
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

func megabytes(n float64) string { return fmt.Sprintf("%.3f MB", n/1e6) }

// perSecond shows a rate with its thousands set off.
func perSecond(rate float64) string {
	if rate < 100 {
		return fmt.Sprintf("%.1f/s", rate)
	}
	whole := int(math.Round(rate))
	if whole < 1000 {
		return fmt.Sprintf("%d/s", whole)
	}
	return fmt.Sprintf("%d,%03d/s", whole/1000, whole%1000)
}

func times(a, b float64) string { return fmt.Sprintf("%.2f×", a/b) }
