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
	mu      sync.Mutex
	content bytes.Buffer
	grown   chan struct{} // closed by the next Write, nil while nobody waits
}

// Write appends p.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.grown != nil {
		close(l.grown)
		l.grown = nil
	}
	return l.content.Write(p)
}

// Bytes returns a copy of what was written so far.
func (l *Log) Bytes() []byte {
	content, _ := l.from(0)
	return content
}

// String returns what was written so far.
func (l *Log) String() string { return string(l.Bytes()) }

func (l *Log) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.content.Len()
}

// from returns what was written from an offset on, and a channel that is closed when more comes.
func (l *Log) from(offset int) ([]byte, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.grown == nil {
		l.grown = make(chan struct{})
	}
	return bytes.Clone(l.content.Bytes()[offset:]), l.grown
}

// Await waits until what was written from an offset on matches a pattern. It returns false if
// ended is closed first, or after the time limit.
func (l *Log) Await(pattern *regexp.Regexp, offset int, limit time.Duration, ended <-chan struct{}) bool {
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	for {
		content, grown := l.from(offset)
		if pattern.Match(content) {
			return true
		}
		select {
		case <-grown:
		case <-ended:
			content, _ := l.from(offset) // the last words of the program
			return pattern.Match(content)
		case <-timeout.C:
			return false
		}
	}
}
