package localkms

import (
	"crypto/rand"
	"errors"
	"strconv"
)

var errUnknownState = errors.New("unknown key state")

// What a CMK can be.
const (
	originKMS      = "Aliyun_KMS"
	originExternal = "EXTERNAL"
	specAES        = "Aliyun_AES_256"
	specSM4        = "Aliyun_SM4"
	usageEncrypt   = "ENCRYPT/DECRYPT"
	levelSoftware  = "SOFTWARE"
	levelHSM       = "HSM"
)

// key is a CMK. A key that the store holds never changes: whoever changes one
// makes a copy and puts that, so readers need no lock once they have it. Times
// are Unix seconds, which keeps 100,000 of them small; 0 stands for none.
type key struct {
	Seq            uint64   `json:"seq"`
	ID             string   `json:"id"`
	VersionID      string   `json:"versionId"`
	Created        int64    `json:"created"`
	Description    string   `json:"description,omitempty"`
	Spec           string   `json:"spec"`
	Origin         string   `json:"origin"`
	Level          string   `json:"level"`
	State          keyState `json:"state"`
	Expires        int64    `json:"expires,omitempty"`
	DeleteAt       int64    `json:"deleteAt,omitempty"`
	Rotation       int64    `json:"rotation,omitempty"` // seconds between automatic rotations
	Protected      bool     `json:"protected,omitempty"`
	ProtectionNote string   `json:"protectionNote,omitempty"`
	Tags           []tag    `json:"tags,omitempty"`

	// Binding is a keyed digest of the first material that was imported. It
	// stays when the material goes, and only the same bytes may come back.
	Binding []byte `json:"binding,omitempty"`

	// material is shared by the copies of a key and never written to. It goes
	// when no copy is left: this is a test double, and promises no erasure.
	material []byte
}

// tag is a label of a CMK; the names are the API's.
type tag struct {
	TagKey   string `json:"k"`
	TagValue string `json:"v"`
}

// clone returns a copy to change. Tags are replaced whole, never in place.
func (k *key) clone() *key {
	c := *k
	return &c
}

// withoutMaterial returns the key after its material went.
func (k *key) withoutMaterial() *key {
	c := k.clone()
	c.material = nil
	c.Expires = 0
	// A deletion under way goes on, and its date stands.
	if c.State != statePendingDeletion {
		c.State = statePendingImport
	}
	return c
}

// materialSize is how many bytes of material the key's spec takes.
func (k *key) materialSize() int {
	if k.Spec == specSM4 {
		return 16
	}
	return 32
}

// nextEvent is when something happens to the key by itself; 0 means never.
func (k *key) nextEvent() int64 {
	if k.State == statePendingDeletion && (k.Expires == 0 || k.DeleteAt < k.Expires) {
		return k.DeleteAt
	}
	return k.Expires
}

// keyMetadata is a CMK as CreateKey and DescribeKey show it: every field is a
// string, and those without a value are empty instead of absent.
type keyMetadata struct {
	KeyId                         string
	Arn                           string
	Creator                       string
	CreationDate                  string
	Description                   string
	KeySpec                       string
	KeyState                      string
	KeyUsage                      string
	Origin                        string
	ProtectionLevel               string
	PrimaryKeyVersion             string
	DeleteDate                    string
	MaterialExpireTime            string
	LastRotationDate              string
	NextRotationDate              string `json:",omitempty" xml:",omitempty"`
	RotationInterval              string `json:",omitempty" xml:",omitempty"`
	AutomaticRotation             string
	DeletionProtection            string
	DeletionProtectionDescription string `json:",omitempty" xml:",omitempty"`
}

func (k *KMS) metadata(account string, key *key) keyMetadata {
	m := keyMetadata{
		KeyId:                         key.ID,
		Arn:                           k.arn(account, "key/"+key.ID),
		Creator:                       account,
		CreationDate:                  formatTime(key.Created),
		Description:                   key.Description,
		KeySpec:                       key.Spec,
		KeyState:                      key.State.String(),
		KeyUsage:                      usageEncrypt,
		Origin:                        key.Origin,
		ProtectionLevel:               key.Level,
		PrimaryKeyVersion:             key.VersionID,
		DeleteDate:                    formatTime(key.DeleteAt),
		MaterialExpireTime:            formatTime(key.Expires),
		LastRotationDate:              formatTime(key.Created),
		AutomaticRotation:             "Disabled",
		DeletionProtection:            "Disabled",
		DeletionProtectionDescription: key.ProtectionNote,
	}
	if key.Rotation != 0 {
		m.AutomaticRotation = "Enabled"
		m.NextRotationDate = formatTime(key.Created + key.Rotation)
		m.RotationInterval = strconv.FormatInt(key.Rotation, 10) + "s"
	}
	if key.Protected {
		m.DeletionProtection = "Enabled"
	}
	return m
}

// arn returns the resource name of something in an account.
func (k *KMS) arn(account, resource string) string {
	return "acs:kms:" + k.config.Region + ":" + account + ":" + resource
}

// newKeyID returns an id in the form of the newer keys.
func newKeyID() string {
	const alphabet = "0123456789abcdefghijklmnopqrstuv" // 32, so that no byte is favoured
	var b [18]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program first
	for i, c := range b {
		b[i] = alphabet[c%32]
	}
	return "key-hzz" + string(b[:])
}
