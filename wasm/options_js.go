package main

import (
	"syscall/js"

	"keyferry/wasm/custody"
)

// options reads the fields of the object that a job takes. The first fault is remembered; whoever
// reads fields asks for err once, after the last.
type options struct {
	object js.Value
	err    error
}

// maxBytes is far above any file or secret that a job takes.
const maxBytes = 1 << 20

func (o *options) fail(err error) {
	if o.err == nil {
		o.err = err
	}
}

// text is a field that must be a string, possibly an empty one.
func (o *options) text(name string) string {
	value := o.object.Get(name)
	if value.Type() != js.TypeString {
		o.fail(codeBadRequest)
		return ""
	}
	return value.String()
}

// secret is a field that must be a string or, as the content of a file, a Uint8Array: as UTF-8 in
// bytes of which no Go string is made. The caller clears them.
func (o *options) secret(name string) []byte {
	value := o.object.Get(name)
	if value.Type() == js.TypeObject {
		return o.bytes(name)
	}
	if value.Type() != js.TypeString {
		o.fail(codeBadRequest)
		return nil
	}
	encoded := js.Global().Get("TextEncoder").New().Call("encode", value)
	defer encoded.Call("fill", 0)
	return o.copied(encoded)
}

// bytes copies a field that must be a Uint8Array. The caller clears the copy if it is secret.
func (o *options) bytes(name string) []byte {
	value := o.object.Get(name)
	if value.Type() != js.TypeObject || !value.InstanceOf(js.Global().Get("Uint8Array")) {
		o.fail(codeBadRequest)
		return nil
	}
	return o.copied(value)
}

func (o *options) copied(value js.Value) []byte {
	if value.Length() > maxBytes {
		o.fail(custody.CodeSourceTooLong)
		return nil
	}
	content := make([]byte, value.Length())
	js.CopyBytesToGo(content, value)
	return content
}

// has reports whether a field is there: it may also be null.
func (o *options) has(name string) bool {
	value := o.object.Get(name)
	return !value.IsUndefined() && !value.IsNull()
}

// bytesOrNone copies a field that may be absent.
func (o *options) bytesOrNone(name string) []byte {
	if !o.has(name) {
		return nil
	}
	return o.bytes(name)
}

// identity is what three fields say of key material: its check value and a commitment to it.
func (o *options) identity() *identity {
	digits, digest, salt := o.text("kcv"), o.text("commitment"), o.text("salt")
	if o.err != nil {
		return nil
	}
	known, err := &identity{}, error(nil)
	if known.checkValue, err = custody.ParseKCV(digits); err != nil {
		o.fail(err)
	}
	if known.commitment, err = custody.ParseCommitment(digest, salt); err != nil {
		o.fail(err)
	}
	return known
}

// identity tells one key material from others.
type identity struct {
	checkValue custody.KCV
	commitment custody.Commitment
}

// array is bytes as JavaScript has them.
func array(content []byte) js.Value {
	value := js.Global().Get("Uint8Array").New(len(content))
	js.CopyBytesToJS(value, content)
	return value
}

// stringOf is a JavaScript string of UTF-8 of which no Go string is made.
func stringOf(content []byte) js.Value {
	copied := array(content)
	defer copied.Call("fill", 0)
	return js.Global().Get("TextDecoder").New().Call("decode", copied)
}
