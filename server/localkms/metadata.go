package localkms

import (
	"strconv"

	"keyferry/server/localkms/store"
	"keyferry/server/localkms/wire"
)

// The values that fields of a CMK can have.
const (
	originKMS      = "Aliyun_KMS"
	originExternal = "EXTERNAL"
	specAES        = "Aliyun_AES_256"
	specSM4        = "Aliyun_SM4"
	usageEncrypt   = "ENCRYPT/DECRYPT"
	levelSoftware  = "SOFTWARE"
	levelHSM       = "HSM"
)

// materialSize is how many bytes of material a key's spec takes.
func materialSize(k *store.Key) int {
	if k.Spec == specSM4 {
		return 16
	}
	return 32
}

// keyMetadata is a CMK as CreateKey and DescribeKey show it: every field is a string, and those
// without a value are empty instead of absent.
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

func (k *KMS) metadata(account string, key *store.Key) keyMetadata {
	m := keyMetadata{
		KeyId:                         key.ID,
		Arn:                           k.arn(account, "key/"+key.ID),
		Creator:                       account,
		CreationDate:                  wire.FormatTime(key.Created),
		Description:                   key.Description,
		KeySpec:                       key.Spec,
		KeyState:                      key.State.String(),
		KeyUsage:                      usageEncrypt,
		Origin:                        key.Origin,
		ProtectionLevel:               key.Level,
		PrimaryKeyVersion:             key.VersionID,
		DeleteDate:                    wire.FormatTime(key.DeleteAt),
		MaterialExpireTime:            wire.FormatTime(key.Expires),
		LastRotationDate:              wire.FormatTime(key.LastRotation()),
		AutomaticRotation:             "Disabled",
		DeletionProtection:            "Disabled",
		DeletionProtectionDescription: key.ProtectionNote,
	}
	if key.Rotation != 0 {
		m.AutomaticRotation = "Suspended"
		m.RotationInterval = strconv.FormatInt(key.Rotation, 10) + "s"
		if key.State == store.Enabled {
			m.AutomaticRotation = "Enabled"
			m.NextRotationDate = wire.FormatTime(key.NextRotation())
		}
	}
	if key.Protected {
		m.DeletionProtection = "Enabled"
	}
	return m
}
