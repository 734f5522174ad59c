//go:build testvariant

package main

import (
	"encoding/base64"
	"os"
	"strings"
	"sync"
	"time"

	"keyferry/wasm/keywrap"
)

// adjusted adds the job generate, and makes inspect die in the way that its public key names. Only
// tests build this variant of the module; it is never served.
func adjusted(jobs map[string]job) map[string]job {
	jobs["inspect"], jobs["generate"] = inspectOrDie, generate
	return jobs
}

// inspectOrDie shows tests what the bridge and the worker make of a job that dies.
func inspectOrDie(o *options) (result, error) {
	way, later := strings.CutSuffix(o.text("publicKey"), " later")
	if later {
		time.Sleep(50 * time.Millisecond) // the call has returned its promise by then
	}
	switch way {
	case "crashtest: panic":
		panic("secret text of a panic")
	case "crashtest: out of range":
		return result{"length": way[len(way):][0]}, nil
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
	return inspect(o)
}

// generate makes key material and wraps it, without a backup or a check value: what a test then
// finds in memory is what wrapping leaves there.
func generate(o *options) (result, error) {
	key, err := keywrap.ParseWrappingKey([]byte(o.text("publicKey")))
	if err != nil {
		return nil, err
	}
	scrub()
	defer scrub()
	defer clear(material[:])
	if err := keywrap.Generate(&material); err != nil {
		return nil, err
	}
	wrapped, err := key.Wrap(keywrap.Algorithm(o.text("algorithm")), &material)
	if err != nil {
		return nil, err
	}
	return result{"encryptedKeyMaterial": base64.StdEncoding.EncodeToString(wrapped)}, nil
}
