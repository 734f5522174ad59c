package main

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"runtime"
	"syscall/js"
	"time"

	"keyferry/wasm/custody"
	"keyferry/wasm/custody/archive"
	"keyferry/wasm/custody/backup"
	"keyferry/wasm/keywrap"
)

// Jobs for many keys. One instance makes an archive, another opens it and wraps what is in it. Both
// are fed: they do a step for each message, and what they hold does not grow with the archive,
// except that the one that wraps has 32 bytes for each key.

// making is the archive that createArchive began.
var making *struct {
	*archive.Writer
	out *archiveOutput
}

// archiveOutput hands the encrypted archive to the page in pieces, and sums it up.
type archiveOutput struct {
	write js.Value
	sum   hash.Hash
	size  int
}

// Write hands over a piece.
func (o *archiveOutput) Write(piece []byte) (int, error) {
	o.sum.Write(piece)
	o.size += len(piece)
	o.write.Invoke(result{"written": array(piece)})
	return len(piece), nil
}

// createArchive begins an archive. Its pieces go to the function tell.
func createArchive(o *options) (result, error) {
	to, err := readProtection(o)
	defer clear(to.Passphrase)
	tell := o.object.Get("tell")
	if err == nil && (tell.Type() != js.TypeFunction || making != nil) {
		err = codeBadRequest
	}
	if err != nil {
		return nil, err
	}
	if len(to.Passphrase) > 0 {
		if to.WorkFactor, err = backup.ChooseWorkFactor(); err != nil {
			return nil, err
		}
	}
	out := &archiveOutput{write: tell, sum: sha256.New()}
	w, err := archive.NewWriter(out, to, time.Now())
	if err != nil {
		return nil, err
	}
	making = &struct {
		*archive.Writer
		out *archiveOutput
	}{w, out}
	collect(0)
	return result{}, nil
}

func readProtection(o *options) (to backup.To, err error) {
	switch o.text("protection") {
	case "passphrase":
		to.Passphrase = o.secret("passphrase")
	case "recipients":
		to.Recipients = []string{o.text("recipients")}
	default:
		return to, codeBadRequest
	}
	return to, o.err
}

// addToArchive makes or reads one key, puts it into the archive and forgets it. What is known of it
// then is its check value and a commitment. A key that was brought is examined like any other.
func addToArchive(o *options) (result, error) {
	p := &preparation{source: o.text("source"), progress: o.object.Get("progress"), opening: opening{file: o.bytesOrNone("file")}}
	defer p.forget()
	keyID, encoded := o.text("keyId"), o.has("encoded")
	if making == nil || p.source != "generate" && p.source != "file" {
		o.fail(codeBadRequest)
	}
	if o.err != nil {
		return nil, o.err
	}
	scrub()
	defer scrub()
	defer clear(material[:])
	if p.source == "file" && encoded {
		kind, err := custody.Recognise(p.file)
		if err != nil {
			return nil, err
		}
		p.kind = kind
	}
	if err := p.fill(); err != nil {
		return nil, err
	}
	if err := p.examine(); err != nil {
		return nil, err
	}
	known, err := describe(&material)
	if err != nil {
		return nil, err
	}
	return known, making.Add(keyID, &material)
}

// describe makes a check value and a commitment.
func describe(m *keywrap.Material) (result, error) {
	commitment, err := custody.Commit(m)
	if err != nil {
		return nil, err
	}
	collect(1)
	return result{
		"kcv":        custody.CheckValue(m).String(),
		"commitment": hex.EncodeToString(commitment.Digest[:]),
		"salt":       hex.EncodeToString(commitment.Salt[:]),
	}, nil
}

// addManifest puts the next piece of the manifest into the archive. The first comes with the size of
// the whole.
func addManifest(o *options) (result, error) {
	piece := o.bytes("piece")
	if making == nil {
		o.fail(codeBadRequest)
	}
	if o.err != nil {
		return nil, o.err
	}
	if o.has("size") {
		if err := making.BeginManifest(int64(o.object.Get("size").Int())); err != nil {
			return nil, err
		}
	}
	_, err := making.Write(piece)
	return result{}, err
}

// closeArchive completes the archive.
func closeArchive(*options) (result, error) {
	if making == nil {
		return nil, codeBadRequest
	}
	if err := making.Close(); err != nil {
		return nil, err
	}
	return result{"sha256": hex.EncodeToString(making.out.sum.Sum(nil)), "size": making.out.size}, nil
}

// opened has the keys of an open archive: forgetKeys and forgetKey clear them.
var opened vault

// openArchive reads a whole archive. Each key goes to its place in this module, and its CMK's ID to
// the function tell, as does the manifest in pieces. The archive itself is a function that reads
// from it: read(offset, length) promises bytes.
func openArchive(o *options) (result, error) {
	p := readOpening(o)
	defer p.forget()
	read, tell := o.object.Get("archive"), o.object.Get("tell")
	if read.Type() != js.TypeFunction || tell.Type() != js.TypeFunction || opened.count() > 0 {
		o.fail(codeBadRequest)
	}
	if o.err != nil {
		return nil, o.err
	}
	scrub()
	defer scrub()
	defer clear(material[:])
	in := &archiveInput{read: read, sum: sha256.New()}
	err := opened.fill(in, p.with(), tell)
	if in.err != nil {
		err = in.err
	}
	if err != nil {
		opened.forget()
		return nil, err
	}
	collect(0)
	return result{"count": opened.count(), "sha256": hex.EncodeToString(in.sum.Sum(nil))}, nil
}

// restoreFromArchive fills m with the key of one CMK. What is behind it in the archive is not read.
func restoreFromArchive(read js.Value, with backup.With, keyID string, m *keywrap.Material) error {
	in := &archiveInput{read: read, sum: sha256.New()}
	from, err := archive.Open(in, with)
	for err == nil {
		var found string
		if found, err = from.Next(m, func([]byte) error { return nil }); err == nil && found == keyID {
			return nil
		}
	}
	clear(m[:])
	switch {
	case in.err != nil:
		return in.err
	case err == io.EOF:
		return archive.CodeNotInside
	}
	return err
}

// archiveInput reads the archive through the page's function.
type archiveInput struct {
	read js.Value
	at   int
	sum  hash.Hash
	err  error // why it could not be read
}

// Read reads at most 64 KiB.
func (in *archiveInput) Read(into []byte) (int, error) {
	into = into[:min(len(into), 64<<10)]
	piece, err := await(in.read.Invoke(in.at, len(into)))
	if err != nil {
		in.err = err
		return 0, err
	}
	n := js.CopyBytesToGo(into, piece)
	if n == 0 {
		return 0, io.EOF
	}
	in.at += n
	in.sum.Write(into[:n])
	return n, nil
}

// await waits for a promise. What it is rejected with has a code, or is none of ours.
func await(promise js.Value) (js.Value, error) {
	settled := make(chan func() (js.Value, error), 1)
	resolved := js.FuncOf(func(_ js.Value, args []js.Value) any {
		settled <- func() (js.Value, error) { return args[0], nil }
		return nil
	})
	defer resolved.Release()
	rejected := js.FuncOf(func(_ js.Value, args []js.Value) any {
		settled <- func() (js.Value, error) {
			if code := args[0].Get("code"); code.Type() == js.TypeString {
				return js.Value{}, keywrap.Code(code.String())
			}
			return js.Value{}, codeInternal
		}
		return nil
	})
	defer rejected.Release()
	promise.Call("then", resolved, rejected)
	return (<-settled)()
}

// judgeKey compares a key of the open archive with its check value and commitment.
func judgeKey(o *options) (result, error) {
	keyID, known := o.text("keyId"), o.identity()
	if o.err != nil {
		return nil, o.err
	}
	m, err := opened.key(keyID)
	if err != nil {
		return nil, err
	}
	scrub()
	defer scrub()
	collect(1)
	return result{}, custody.Compare(m, known.checkValue, known.commitment)
}

// examineKey looks for weaknesses in a key of an archive that has no manifest, and describes it.
func examineKey(o *options) (result, error) {
	keyID, p := o.text("keyId"), &preparation{source: "file", progress: o.object.Get("progress")}
	if o.err != nil {
		return nil, o.err
	}
	m, err := opened.key(keyID)
	if err != nil {
		return nil, err
	}
	scrub()
	defer scrub()
	defer clear(material[:])
	material = *m
	if err := p.examine(); err != nil {
		return nil, err
	}
	return describe(m)
}

// wrapKey wraps a key of the open archive.
func wrapKey(o *options) (result, error) {
	keyID, wrapping := o.text("keyId"), readWrapping(o)
	if o.err != nil {
		return nil, o.err
	}
	m, err := opened.key(keyID)
	if err != nil {
		return nil, err
	}
	scrub()
	defer scrub()
	out := result{}
	err = wrapping.wrap(m, out)
	collect(1)
	return out, err
}

// forgetKey clears a key of the open archive that is not needed any more.
func forgetKey(o *options) (result, error) {
	keyID := o.text("keyId")
	if o.err != nil {
		return nil, o.err
	}
	m, err := opened.key(keyID)
	if err == nil {
		clear(m[:])
		opened.drop(keyID)
		collect(1)
	}
	return result{}, err
}

// forgetKeys clears all of them. It is the last step of the instance.
func forgetKeys(*options) (result, error) {
	opened.forget()
	return result{}, nil
}

// steps counts what was done since the last collection.
var steps int

// collect frees what wrapping and check values leave on the heap, every 32 keys, or at once for 0:
// the memory of an instance must not grow with the number of keys. What it frees is not zeroed, but
// stays inside this module's memory, all of which the worker zeroes at the end.
func collect(done int) {
	if steps += done; done == 0 || steps >= 32 {
		steps = 0
		runtime.GC()
	}
}
