package backup

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"io"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// Encrypt returns a writer whose content goes to w as a binary age file. Nothing is complete before
// Close, which leaves w open.
func Encrypt(w io.Writer, to To) (io.WriteCloser, error) {
	recipients, err := to.recipients()
	if err != nil {
		return nil, err
	}
	out, err := age.Encrypt(w, recipients...)
	if err != nil {
		return nil, CodeMaking
	}
	return out, nil
}

// Decrypt returns a reader of what is in an age file, binary or armored. It reads the file as it is
// read itself; an error other than io.EOF, at whatever place, says that the file is damaged.
func Decrypt(r io.Reader, with With) (io.Reader, error) {
	file := bufio.NewReaderSize(r, maxFileSize)
	if mark, _ := file.Peek(len(armor.Header)); string(mark) == armor.Header {
		file.Discard(len(mark))
		file = bufio.NewReaderSize(&armorReader{from: file}, maxFileSize)
	}
	beginning, err := file.Peek(maxFileSize)
	if err != nil && err != io.EOF {
		return nil, CodeDamaged
	}
	info, err := Inspect(beginning)
	if err != nil {
		return nil, err
	}
	identities, err := with.identities(info)
	if err != nil {
		return nil, err
	}
	plaintext, err := age.Decrypt(file, identities...)
	if _, ok := errors.AsType[*age.NoIdentityMatchError](err); ok {
		return nil, errNoMatch(info)
	}
	if err != nil {
		return nil, CodeDamaged
	}
	return plaintext, nil
}

// armorReader reads the binary of armor line by line, so that an archive of any size can be armored.
// The reader of the age library would make the module larger by 20 KB. This one is as strict, but for
// white space around a line and the length of lines before the last.
type armorReader struct {
	from   *bufio.Reader
	buffer [48]byte // of a line with 64 digits
	unread []byte   // part of buffer
	err    error    // of every Read from now on
}

// Read gives what is left of a line, or the next one. Behind the last it returns io.EOF.
func (r *armorReader) Read(into []byte) (int, error) {
	for len(r.unread) == 0 && r.err == nil {
		r.err = r.next()
	}
	if len(r.unread) == 0 {
		return 0, r.err
	}
	n := copy(into, r.unread)
	r.unread = r.unread[n:]
	return n, nil
}

// next decodes a line. Behind the footer only white space may follow.
func (r *armorReader) next() error {
	line, err := r.from.ReadSlice('\n')
	line = bytes.TrimSpace(line)
	if string(line) == armor.Footer {
		for line = nil; err == nil && len(line) == 0; {
			line, err = r.from.ReadSlice('\n')
			line = bytes.TrimSpace(line)
		}
		if err == io.EOF && len(line) == 0 {
			return io.EOF
		}
		return CodeDamaged
	}
	if err != nil || len(line) > base64.StdEncoding.EncodedLen(len(r.buffer)) {
		return CodeDamaged
	}
	n, err := base64.StdEncoding.Strict().Decode(r.buffer[:], line)
	if err != nil {
		return CodeDamaged
	}
	r.unread = r.buffer[:n]
	return nil
}
