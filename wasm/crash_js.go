//go:build crashtest

package main

import (
	"os"
	"strings"
	"sync"
	"syscall/js"
	"time"
)

// adjusted makes inspect die in the way that its argument names, so that tests
// can see what the bridge and the worker make of it. Only tests build this: the
// crashtest variant of the module is never served.
func adjusted(jobs map[string]job) map[string]job {
	jobs["inspect"] = func(args []js.Value) (result, error) {
		way, later := strings.CutSuffix(args[0].String(), " later")
		if later {
			time.Sleep(50 * time.Millisecond) // the call has returned its promise by then
		}
		switch way {
		case "crashtest: panic":
			panic("secret text of a panic")
		case "crashtest: out of range":
			return inspect(args[:0][len(way):])
		case "crashtest: foreign error":
			return nil, os.ErrInvalid
		case "crashtest: panic elsewhere":
			go panic("secret text of a panic")
			select {}
		case "crashtest: exit":
			os.Exit(0)
		case "crashtest: fatal":
			new(sync.Mutex).Unlock() // a fatal error, which no recover catches
		}
		return inspect(args)
	}
	return jobs
}
