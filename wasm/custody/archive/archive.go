// Package archive makes and opens archives of key material: one age file with a tar in it, which has
// a file of 32 bytes for each CMK, called <key ID>.key, and manifest.json. `age -d archive | tar x`
// gives the files back without this program.
//
// Both ways are streams: neither the archive nor its keys are in memory at once. What the manifest
// says is its maker's business; README.md in the folder above has the format.
package archive

import (
	"io"
	"strings"
	"time"

	"keyferry/wasm/custody/backup"
	"keyferry/wasm/keywrap"
)

// Manifest is the name of the file that describes the keys.
const Manifest = "manifest.json"

const keySuffix = ".key"

// The codes with which an archive is refused, beside those of a backup.
const (
	CodeNotArchive keywrap.Code = "archive_not_tar"      // opened, and what is in it is no tar
	CodeDamaged    keywrap.Code = "archive_damaged"      // a tar that is cut or changed
	CodeKeySize    keywrap.Code = "archive_key_size"     // a file of a key without exactly 32 bytes
	CodeKeyName    keywrap.Code = "archive_key_name"     // no key ID before .key
	CodeKeyTwice   keywrap.Code = "archive_key_twice"    // a second key for one CMK
	CodeManifest   keywrap.Code = "archive_manifest"     // a second manifest, or one of absurd size
	CodeTooMany    keywrap.Code = "archive_too_many"     // more keys than an archive may have
	CodeNotInside  keywrap.Code = "archive_key_missing"  // asked for a key that it does not have
	CodeNoKeys     keywrap.Code = "archive_without_keys" // a tar without any key
)

// Limits of what is read. An account has 200 CMKs in a region unless more were agreed.
const (
	MaxKeys     = 20000
	maxManifest = 64 << 20
	maxKeyID    = 64
)

// Writer makes an archive.
type Writer struct {
	age  io.WriteCloser
	made int64 // seconds since 1970, of every file
	left int64 // bytes of the manifest that are to come
	pad  int64 // bytes behind it
}

// NewWriter begins an archive that goes to w.
func NewWriter(w io.Writer, to backup.To, made time.Time) (*Writer, error) {
	age, err := backup.Encrypt(w, to)
	if err != nil {
		return nil, err
	}
	return &Writer{age: age, made: made.Unix()}, nil
}

// Add writes the key of a CMK. The caller clears m; what age keeps of it in its buffer until 64 KiB
// are together, it overwrites with what follows.
func (w *Writer) Add(keyID string, m *keywrap.Material) error {
	if !isKeyID(keyID) || w.left > 0 {
		return CodeKeyName
	}
	var block [2 * blockSize]byte
	defer clear(block[:])
	header(block[:blockSize], keyID+keySuffix, keywrap.MaterialSize, w.made)
	copy(block[blockSize:], m[:])
	return w.write(block[:])
}

// BeginManifest writes the header of the manifest. Exactly so many bytes of it follow, by Write.
func (w *Writer) BeginManifest(size int64) error {
	if size <= 0 || size > maxManifest || w.left > 0 {
		return CodeManifest
	}
	var block [blockSize]byte
	header(block[:], Manifest, size, w.made)
	w.left, w.pad = size, padding(size)
	return w.write(block[:])
}

// Write writes a piece of the manifest.
func (w *Writer) Write(piece []byte) (int, error) {
	if int64(len(piece)) > w.left {
		return 0, CodeManifest
	}
	w.left -= int64(len(piece))
	if err := w.write(piece); err != nil {
		return 0, err
	}
	if w.left == 0 {
		return len(piece), w.write(make([]byte, w.pad))
	}
	return len(piece), nil
}

// Close completes the archive.
func (w *Writer) Close() error {
	if w.left > 0 {
		return CodeManifest
	}
	if err := w.write(make([]byte, 2*blockSize)); err != nil {
		return err
	}
	if w.age.Close() != nil {
		return backup.CodeMaking
	}
	return nil
}

func (w *Writer) write(content []byte) error {
	if _, err := w.age.Write(content); err != nil {
		return backup.CodeMaking
	}
	return nil
}

// isKeyID reports whether a text can be the name of a key. What a key ID is, the page knows.
func isKeyID(text string) bool {
	if text == "" || len(text) > maxKeyID {
		return false
	}
	for i := range len(text) {
		if c := text[i]; !(c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '-') {
			return false
		}
	}
	return true
}

// Reader reads an archive.
type Reader struct {
	tar tarReader
}

// Open begins to read an archive.
func Open(file io.Reader, with backup.With) (*Reader, error) {
	plaintext, err := backup.Decrypt(file, with)
	if err != nil {
		return nil, err
	}
	return &Reader{tar: tarReader{from: plaintext}}, nil
}

// Next fills m with the next key and returns the ID of its CMK, or gives what the manifest has to
// manifest in pieces and returns an empty ID. Files that are neither are passed over. At the end of
// a whole archive it returns io.EOF. The caller clears m.
func (r *Reader) Next(m *keywrap.Material, manifest func(piece []byte) error) (keyID string, err error) {
	for {
		name, size, err := r.tar.next()
		if err != nil {
			return "", err
		}
		name = name[strings.LastIndexByte(name, '/')+1:]
		keyID, isKey := strings.CutSuffix(name, keySuffix)
		switch {
		case isKey && !isKeyID(keyID):
			return "", CodeKeyName
		case isKey && size != keywrap.MaterialSize:
			return "", CodeKeySize
		case isKey:
			return keyID, r.tar.read(m[:])
		case name == Manifest && size > maxManifest:
			return "", CodeManifest
		case name == Manifest:
			return "", r.tar.pieces(manifest)
		}
	}
}
