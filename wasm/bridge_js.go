package main

import (
	"errors"
	"maps"
	"slices"
	"syscall/js"

	"keyferry/wasm/keywrap"
)

// The bridge's own codes, beside those of keywrap, custody and backup.
const (
	codeBadRequest keywrap.Code = "bad_request" // the caller passed something else than it should
	codeInternal   keywrap.Code = "internal"    // a fault in this module
)

// result is what a job resolves its promise with: an object of strings, numbers and Uint8Arrays.
type result = map[string]any

// job is what a function of the global object does.
type job func(o *options) (result, error)

// function makes a job callable from JavaScript, with one object. The function is never released:
// it lives as long as the module does.
func function(do job) js.Func {
	return js.FuncOf(func(_ js.Value, args []js.Value) any {
		return promise(func() (result, error) {
			if len(args) != 1 || args[0].Type() != js.TypeObject {
				return nil, codeBadRequest
			}
			return do(&options{object: args[0]})
		})
	})
}

// promise runs work on a goroutine of its own, because a callback from JavaScript must return
// before anything else can run.
func promise(work func() (result, error)) js.Value {
	executor := js.FuncOf(func(_ js.Value, settle []js.Value) any {
		resolve, reject := settle[0], settle[1]
		go func() {
			value, err := guarded(work)
			if err != nil {
				reject.Invoke(result{"code": codeOf(err)})
				return
			}
			resolve.Invoke(object(value))
		}()
		return nil
	})
	defer executor.Release() // a promise calls its executor before New returns
	return js.Global().Get("Promise").New(executor)
}

// object makes an object of a result, with the fields by their names. The order in which Go goes
// through a map is drawn, and whoever gets the answer could take it for more.
func object(value result) js.Value {
	made := js.Global().Get("Object").New()
	for _, name := range slices.Sorted(maps.Keys(value)) {
		made.Set(name, value[name])
	}
	return made
}

// guarded turns a panic into an error, so that the promise is settled whatever happens. The panic's
// value is dropped: it may quote what the job worked on.
func guarded(work func() (result, error)) (value result, err error) {
	defer func() {
		if recover() != nil {
			value, err = nil, codeInternal
		}
	}()
	return work()
}

// codeOf is the code of an error. One that has none says nothing about itself.
func codeOf(err error) string {
	if code, ok := errors.AsType[keywrap.Code](err); ok {
		return string(code)
	}
	return string(codeInternal)
}
