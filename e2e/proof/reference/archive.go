package reference

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Archive is what an archive has in it: a tar with a file for each key, and a manifest.
type Archive struct {
	Program  string // such as keyferry 1.2.3
	MadeAt   string // as the manifest tells it
	Modified time.Time
	Keys     []Archived
}

// Archived is a generated key for a CMK that never expires.
type Archived struct {
	KeyID string
	Key   []byte
	Salt  []byte // of the commitment
}

// Entry is what the manifest says of a key.
type Entry struct {
	KeyId                 string
	KeyMaterialExpireUnix int64
	Origin                string
	KeyCheckValue         string
	Commitment            string
	CommitmentSalt        string
}

// Entry describes the key.
func (a Archived) Entry() (Entry, error) {
	kcv, err := CheckValue(a.Key)
	return Entry{
		KeyId: a.KeyID, Origin: "generated", KeyCheckValue: kcv,
		Commitment: Commitment(a.Salt, a.Key), CommitmentSalt: fmt.Sprintf("%x", a.Salt),
	}, err
}

// Manifest is the file that describes the keys.
func (a *Archive) Manifest() (string, error) {
	var lines []string
	for _, key := range a.Keys {
		entry, err := key.Entry()
		if err != nil {
			return "", err
		}
		line, err := json.Marshal(entry)
		if err != nil {
			return "", err
		}
		lines = append(lines, string(line))
	}
	return fmt.Sprintf("{\n\"Format\": \"keyferry archive\",\n\"Version\": 1,\n\"Program\": %q,\n\"Region\": \"cn-hangzhou\",\n\"MadeAt\": %q,\n\"Keys\": [\n%s\n]}\n",
		a.Program, a.MadeAt, strings.Join(lines, ",\n")), nil
}

// Tar is the content of the archive.
func (a *Archive) Tar() ([]byte, error) {
	manifest, err := a.Manifest()
	if err != nil {
		return nil, err
	}
	var tar []byte
	for _, key := range a.Keys {
		tar = append(tar, a.file(key.KeyID+".key", key.Key)...)
	}
	tar = append(tar, a.file("manifest.json", []byte(manifest))...)
	return append(tar, make([]byte, 1024)...), nil
}

// file is a file of the tar (POSIX.1-1988, ustar): a header and the content, each up to the end of a
// block. The header's sum counts the place of the sum as blanks.
func (a *Archive) file(name string, content []byte) []byte {
	head := make([]byte, 512)
	for at, field := range map[int]string{
		0: name, 100: "0000600", 108: "0000000", 116: "0000000", 124: fmt.Sprintf("%011o", len(content)),
		136: fmt.Sprintf("%011o", a.Modified.Unix()), 148: "        ", 156: "0", 257: "ustar\x0000",
	} {
		copy(head[at:], field)
	}
	sum := 0
	for _, c := range head {
		sum += int(c)
	}
	copy(head[148:], fmt.Sprintf("%06o\x00 ", sum))
	return slices.Concat(head, content, make([]byte, -len(content)&511))
}
