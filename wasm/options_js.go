package main

import (
	"syscall/js"

	"keyferry/wasm/keywrap"
)

// options reads the fields of a job's one argument. The first field of a wrong type is remembered; whoever reads them
// asks for the error once, at the end.
type options struct {
	object js.Value
	err    error
}

// maxBytes is far above any file or secret that a job takes.
const maxBytes = 1 << 20

// readOptions takes the argument of a job.
func readOptions(args []js.Value) *options {
	if len(args) == 0 || args[0].Type() != js.TypeObject {
		return &options{object: js.Global().Get("Object").New(), err: badRequest("The function was called without its options.")}
	}
	return &options{object: args[0]}
}

func (o *options) wrong(name string) {
	if o.err == nil {
		o.err = badRequest("The option " + name + " is missing or of a wrong type.")
	}
}

// text is a field that must be a string, possibly an empty one.
func (o *options) text(name string) string {
	value := o.object.Get(name)
	if value.Type() != js.TypeString {
		o.wrong(name)
		return ""
	}
	return value.String()
}

// number is a field that must be a number.
func (o *options) number(name string) int64 {
	value := o.object.Get(name)
	if value.Type() != js.TypeNumber {
		o.wrong(name)
		return 0
	}
	return int64(value.Float())
}

// bytes copies a field that must be a Uint8Array. The caller clears the copy if it is secret.
func (o *options) bytes(name string) []byte {
	value := o.object.Get(name)
	if value.Type() != js.TypeObject || !value.InstanceOf(js.Global().Get("Uint8Array")) {
		o.wrong(name)
		return nil
	}
	if value.Length() > maxBytes {
		if o.err == nil {
			o.err = &keywrap.Error{Code: "source_too_long", Message: "The file is far too long."}
		}
		return nil
	}
	content := make([]byte, value.Length())
	js.CopyBytesToGo(content, value)
	return content
}

// bytesOrNone copies a field that may be absent.
func (o *options) bytesOrNone(name string) []byte {
	if value := o.object.Get(name); value.IsUndefined() || value.IsNull() {
		return nil
	}
	return o.bytes(name)
}

// array is bytes as JavaScript has them.
func array(content []byte) js.Value {
	value := js.Global().Get("Uint8Array").New(len(content))
	js.CopyBytesToJS(value, content)
	return value
}
