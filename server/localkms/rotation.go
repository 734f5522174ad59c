package localkms

import (
	"keyferry/server/localkms/store"
	"keyferry/server/localkms/wire"
)

const (
	day         = 24 * 60 * 60
	minRotation = 7 * day
	maxRotation = 730 * day
)

// rotation reads the seconds between automatic rotations; 0 means none.
func (c *call) rotation() (int64, error) {
	on, err := c.boolean("EnableAutomaticRotation")
	if err != nil || !on {
		return 0, err
	}
	text := c.get("RotationInterval")
	if text == "" {
		return 0, wire.Missing("RotationInterval")
	}
	unit := map[byte]int64{'d': day, 'h': 60 * 60, 'm': 60, 's': 1}[text[len(text)-1]]
	n, err := wire.ParseInteger(text[:len(text)-1])
	if err != nil || unit == 0 || n > maxRotation || n*unit < minRotation || n*unit > maxRotation {
		return 0, wire.Invalid("RotationInterval")
	}
	return n * unit, nil
}

// updateRotationPolicy turns automatic rotation on or off. The next rotation is one interval
// after the last.
func updateRotationPolicy(k *KMS, c *call) (wire.Answer, error) {
	interval, err := c.rotation()
	if err != nil {
		return nil, err
	}
	return k.alter(c, func(_ *store.Tx, key *store.Key) error {
		if key.Origin == originExternal {
			return wire.ErrOrigin
		}
		if key.Service {
			return wire.ErrUnsupported
		}
		key.Rotation = interval
		return nil
	})
}

type keyVersion struct {
	KeyId        string
	KeyVersionId string
	CreationDate string
}

type keyVersionAnswer struct {
	wire.Reply
	KeyVersion keyVersion
}

type keyVersionsAnswer struct {
	wire.Reply
	paging
	KeyVersions struct{ KeyVersion []keyVersion }
}

// listKeyVersions lists the versions of a CMK, oldest first.
func listKeyVersions(k *KMS, c *call) (wire.Answer, error) {
	page, err := c.page(1)
	if err != nil {
		return nil, err
	}
	key, err := k.view(c)
	if err != nil {
		return nil, err
	}
	versions := key.Versions()
	from, to := page.of(len(versions))
	result := &keyVersionsAnswer{paging: page}
	result.KeyVersions.KeyVersion = []keyVersion{}
	for _, v := range versions[from:to] {
		result.KeyVersions.KeyVersion = append(result.KeyVersions.KeyVersion, shownVersion(key, v))
	}
	return result, nil
}

// describeKeyVersion shows one version of a CMK.
func describeKeyVersion(k *KMS, c *call) (wire.Answer, error) {
	key, err := k.view(c)
	if err != nil {
		return nil, err
	}
	v, ok := key.Version(c.get("KeyVersionId"))
	if !ok {
		return nil, wire.ErrVersionNotFound
	}
	return &keyVersionAnswer{KeyVersion: shownVersion(key, v)}, nil
}

func shownVersion(key *store.Key, v store.Version) keyVersion {
	return keyVersion{key.ID, v.ID, wire.FormatTime(v.Created)}
}
