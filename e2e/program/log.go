package program

import (
	"bytes"
	"regexp"
	"sync"
	"time"
)

// Log keeps everything that programs write to it, and lets tests wait for a text. It may be used
// by several goroutines.
type Log struct {
	news    News
	mu      sync.Mutex
	content bytes.Buffer
}

// Write appends p.
func (l *Log) Write(p []byte) (int, error) {
	defer l.news.Tell()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.content.Write(p)
}

// Bytes returns a copy of what was written so far.
func (l *Log) Bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.content.Bytes())
}

// String returns what was written so far.
func (l *Log) String() string { return string(l.Bytes()) }

// Await waits until what was written from an offset on matches a pattern. It returns false if it
// does not match at the end of the time limit, or when ended, which may be nil, is closed.
func (l *Log) Await(pattern *regexp.Regexp, offset int, limit time.Duration, ended <-chan struct{}) bool {
	return l.news.Await(limit, ended, func() bool { return pattern.Match(l.Bytes()[offset:]) })
}
