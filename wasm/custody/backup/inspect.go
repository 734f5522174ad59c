package backup

import (
	"bytes"
	"strconv"
)

// Info is what a backup says about itself before it is opened. Nothing of it is
// authenticated yet.
type Info struct {
	Passphrase bool // it asks for a passphrase, and otherwise for an identity
	WorkFactor int  // of the passphrase
	Recipients int  // how many recipients it has
	Armored    bool

	binary []byte
}

// maxFileSize bounds what is looked at. A backup has a few hundred bytes, and two thousand
// for each recipient of the hybrid kind.
const maxFileSize = 256 << 10

var (
	intro        = []byte("age-encryption.org/v1\n")
	introOfAny   = []byte("age-encryption.org/")
	stanzaBegin  = []byte("-> ")
	macBegin     = []byte("---")
	scryptStanza = []byte("scrypt")
)

// Inspect reads the header of a backup. The file is not kept.
func Inspect(file []byte) (Info, error) {
	var info Info
	if len(file) > maxFileSize {
		return Info{}, CodeNotAge
	}
	binary := file
	if !bytes.HasPrefix(file, intro) {
		decoded, ok, err := armored(file)
		if err != nil {
			return Info{}, err
		}
		if ok {
			info.Armored, binary = true, decoded
		}
	}
	header, ok := bytes.CutPrefix(binary, intro)
	if !ok {
		if damagedIntro(binary) {
			return Info{}, CodeDamaged
		}
		if bytes.HasPrefix(binary, introOfAny) {
			return Info{}, CodeVersion
		}
		return Info{}, CodeNotAge
	}
	for {
		line, rest, ok := bytes.Cut(header, []byte("\n"))
		if !ok {
			return Info{}, CodeDamaged
		}
		if bytes.HasPrefix(line, macBegin) {
			break
		}
		if stanza, ok := bytes.CutPrefix(line, stanzaBegin); ok {
			info.Recipients++
			if err := info.read(stanza); err != nil {
				return Info{}, err
			}
		}
		header = rest
	}
	if info.Recipients == 0 || info.Passphrase && info.Recipients > 1 {
		return Info{}, CodeDamaged
	}
	info.binary = binary
	return info, nil
}

// read takes what it wants from the first line of a stanza: scrypt, salt, factor.
func (info *Info) read(stanza []byte) error {
	words := bytes.Split(stanza, []byte(" "))
	if !bytes.Equal(words[0], scryptStanza) {
		return nil
	}
	info.Passphrase = true
	if len(words) != 3 || len(words[2]) > 3 {
		return CodeDamaged
	}
	factor, err := strconv.Atoi(string(words[2]))
	if err != nil || factor < 1 {
		return CodeDamaged
	}
	if factor > MaxWorkFactor {
		return CodeWorkFactorTooHigh
	}
	info.WorkFactor = factor
	return nil
}
