package store

import (
	"crypto/rand"
	"fmt"
)

// Key is a CMK. A key that the store holds never changes: who changes one makes a copy with
// [Key.Clone] and puts that, so readers need no lock once they have it. Times are Unix seconds,
// which keeps 100,000 keys small; 0 means none.
type Key struct {
	Seq            uint64 `json:"seq"`
	ID             string `json:"id"`
	VersionID      string `json:"versionId"` // of the primary version
	Created        int64  `json:"created"`
	Description    string `json:"description,omitempty"`
	Spec           string `json:"spec"`
	Origin         string `json:"origin"`
	Level          string `json:"level"`
	State          State  `json:"state"`
	Service        bool   `json:"service,omitempty"` // belongs to a service of the vendor
	Protected      bool   `json:"protected,omitempty"`
	Expires        int64  `json:"expires,omitempty"`
	DeleteAt       int64  `json:"deleteAt,omitempty"`
	Rotation       int64  `json:"rotation,omitempty"` // seconds between automatic rotations
	ProtectionNote string `json:"protectionNote,omitempty"`
	Tags           []Tag  `json:"tags,omitempty"`

	// Binding is a keyed digest of the first material that was imported. It stays when the
	// material is deleted, and only the same bytes can be imported again.
	Binding []byte `json:"binding,omitempty"`

	// Material belongs to the primary version. Copies of a key share it and nobody writes to it.
	// It is not cleared when the last copy is dropped: this is a test double.
	Material []byte `json:"material,omitempty"`

	// Past is nil until the key has rotated. It is replaced whole, never changed in place.
	Past *Past `json:"past,omitempty"`
}

// Past is what a key that has rotated remembers.
type Past struct {
	Rotated int64     `json:"rotated"` // time of the last rotation
	Older   []Version `json:"older"`   // the versions before the primary one, oldest first
}

// Version is an older version of a CMK: it still decrypts what it encrypted.
type Version struct {
	ID       string `json:"id"`
	Created  int64  `json:"created"`
	Material []byte `json:"material,omitempty"`
}

// Tag is a label of a CMK.
type Tag struct {
	TagKey   string `json:"k"`
	TagValue string `json:"v"`
}

// Clone returns a copy to change. Tags are replaced whole, never in place.
func (k *Key) Clone() *Key {
	c := *k
	return &c
}

// WithoutMaterial returns the key after its material is gone.
func (k *Key) WithoutMaterial() *Key {
	c := k.Clone()
	c.Material = nil
	c.Expires = 0
	// A scheduled deletion goes on, with its date.
	if c.State != PendingDeletion {
		c.State = PendingImport
	}
	return c
}

// LastRotation is when the primary version was made.
func (k *Key) LastRotation() int64 {
	if k.Past != nil {
		return k.Past.Rotated
	}
	return k.Created
}

// NextRotation is when the key rotates next, if it is Enabled then; 0 means never.
func (k *Key) NextRotation() int64 {
	if k.Rotation == 0 {
		return 0
	}
	return k.LastRotation() + k.Rotation
}

// maxRotations is how many versions one move of the clock can make; rotations before are skipped.
const maxRotations = 100

// rotated returns the key after all rotations that are due by now.
func (k *Key) rotated(now int64) *Key {
	c := k.Clone()
	missed := (now - k.LastRotation()) / k.Rotation
	for at := max(1, missed-maxRotations+1); at <= missed; at++ {
		c.Past = &Past{Rotated: k.LastRotation() + at*k.Rotation, Older: c.Versions()}
		c.VersionID = NewVersionID()
		c.Material = NewMaterial(len(c.Material))
	}
	return c
}

// Versions returns all versions, oldest first; the last is the primary one.
func (k *Key) Versions() []Version {
	var older []Version
	if k.Past != nil {
		older = k.Past.Older
	}
	primary := Version{ID: k.VersionID, Created: k.LastRotation(), Material: k.Material}
	return append(older[:len(older):len(older)], primary)
}

// Version returns the version with an id.
func (k *Key) Version(id string) (Version, bool) {
	for _, v := range k.Versions() {
		if v.ID == id {
			return v, true
		}
	}
	return Version{}, false
}

// nextEvent is when something happens to the key by itself; 0 means never.
func (k *Key) nextEvent() int64 {
	next := k.Expires
	if k.State == PendingDeletion && (next == 0 || k.DeleteAt < next) {
		next = k.DeleteAt
	}
	if at := k.NextRotation(); k.State == Enabled && at != 0 && (next == 0 || at < next) {
		next = at
	}
	return next
}

// NewMaterial returns fresh random key material.
func NewMaterial(size int) []byte {
	material := make([]byte, size)
	rand.Read(material) // never fails: crypto/rand ends the program first
	return material
}

// NewVersionID returns the id of a key version: a lower-case UUID.
func NewVersionID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program first
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
