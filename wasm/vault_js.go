package main

import (
	"io"
	"syscall/js"

	"keyferry/wasm/custody/archive"
	"keyferry/wasm/custody/backup"
	"keyferry/wasm/keywrap"
)

// vault is the place for the keys of an open archive: 32 bytes for each, in blocks that never move,
// so that clearing one leaves no copy of it here.
type vault struct {
	blocks []*[256]keywrap.Material
	places map[string]int // of keys, by their CMK
	taken  int            // places that were ever used
}

// fill reads an archive.
func (v *vault) fill(file io.Reader, with backup.With, tell js.Value) error {
	from, err := archive.Open(file, with)
	if err != nil {
		return err
	}
	v.places = map[string]int{}
	manifests := 0
	for {
		keyID, err := from.Next(&material, func(piece []byte) error {
			tell.Invoke(result{"manifest": array(piece)})
			collect(8)
			return nil
		})
		switch {
		case err == io.EOF && v.taken == 0:
			return archive.CodeNoKeys
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case keyID == "":
			if manifests++; manifests > 1 {
				return archive.CodeManifest
			}
			continue
		}
		if err := v.put(keyID); err != nil {
			return err
		}
		tell.Invoke(result{"keyId": keyID})
		collect(1)
	}
}

// put moves what is in material to a place of its own.
func (v *vault) put(keyID string) error {
	if _, twice := v.places[keyID]; twice {
		return archive.CodeKeyTwice
	}
	if v.taken == archive.MaxKeys {
		return archive.CodeTooMany
	}
	if v.taken%256 == 0 {
		v.blocks = append(v.blocks, new([256]keywrap.Material))
	}
	v.places[keyID] = v.taken
	v.taken++
	m, _ := v.key(keyID)
	*m = material
	clear(material[:])
	return nil
}

// key returns the key of a CMK in its place.
func (v *vault) key(keyID string) (*keywrap.Material, error) {
	place, ok := v.places[keyID]
	if !ok {
		return nil, archive.CodeNotInside
	}
	return &v.blocks[place/256][place%256], nil
}

func (v *vault) drop(keyID string) { delete(v.places, keyID) }

func (v *vault) count() int { return len(v.places) }

// forget clears every key.
func (v *vault) forget() {
	for _, block := range v.blocks {
		clear(block[:])
	}
	v.places = nil
}
