package main

import (
	"errors"
	"syscall/js"

	"keyferry/wasm/keywrap"
)

// The bridge's own codes, beside those of keywrap.
const (
	codeBadRequest keywrap.Code = "bad_request" // the caller passed something else than it should
	codeInternal   keywrap.Code = "internal"    // a fault in this module
)

// result is what a job resolves its promise with: an object of strings and numbers.
type result = map[string]any

// job is what stands behind a function of the global object.
type job func(args []js.Value) (result, error)

// function makes a job callable from JavaScript. The function is never released:
// it lives as long as the module does.
func function(do job) js.Func {
	return js.FuncOf(func(_ js.Value, args []js.Value) any {
		return promise(func() (result, error) { return do(args) })
	})
}

// promise runs work on a goroutine of its own, because a callback from
// JavaScript must return before anything else can run.
func promise(work func() (result, error)) js.Value {
	executor := js.FuncOf(func(_ js.Value, settle []js.Value) any {
		resolve, reject := settle[0], settle[1]
		go func() {
			value, err := guarded(work)
			if err != nil {
				reject.Invoke(rejection(err))
				return
			}
			resolve.Invoke(value)
		}()
		return nil
	})
	defer executor.Release() // a promise calls its executor before New returns
	return js.Global().Get("Promise").New(executor)
}

// guarded turns a panic into an error, so that the promise is settled whatever
// happens. The panic's value is dropped: it may quote what the job worked on.
func guarded(work func() (result, error)) (value result, err error) {
	defer func() {
		if recover() != nil {
			value, err = nil, errInternal()
		}
	}()
	return work()
}

// rejection turns an error into the {code, message} that the page knows. An
// error that is not one of ours says nothing about itself.
func rejection(err error) result {
	refusal, ok := errors.AsType[*keywrap.Error](err)
	if !ok {
		return rejection(errInternal())
	}
	return result{"code": string(refusal.Code), "message": refusal.Message}
}

// stringArguments returns the arguments, which must be strings, as many as there
// are names.
func stringArguments(args []js.Value, names ...string) ([]string, error) {
	if len(args) != len(names) {
		return nil, badRequest("The function was called with the wrong number of arguments.")
	}
	text := make([]string, len(args))
	for i, arg := range args {
		if arg.Type() != js.TypeString {
			return nil, badRequest("The argument " + names[i] + " is not a string.")
		}
		text[i] = arg.String()
	}
	return text, nil
}

func badRequest(message string) error {
	return &keywrap.Error{Code: codeBadRequest, Message: message}
}

func errInternal() error {
	return &keywrap.Error{Code: codeInternal, Message: "The cryptographic module failed, and nothing was sent. Reload the page and try again."}
}
