package backup

import (
	"bufio"
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
		file = bufio.NewReaderSize(armor.NewReader(file), maxFileSize)
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
