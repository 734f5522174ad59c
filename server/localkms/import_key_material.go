package localkms

import (
	"crypto/rsa"
	"strconv"
)

// latestTime is the last moment that the API's form of a time can show.
const latestTime = 253402300799

// importKeyMaterial opens wrapped material and puts it into its CMK. The first
// material binds the CMK for good. Nothing changes unless everything is right.
func importKeyMaterial(k *KMS, c *call) (answer, error) {
	key, err := k.view(c)
	if err != nil {
		return nil, err
	}
	if key.Origin != originExternal {
		return nil, errOrigin
	}
	wrapped, err := decodeBase64(c.trimmed("EncryptedKeyMaterial"))
	if err != nil {
		return nil, invalid("EncryptedKeyMaterial")
	}
	expires, err := c.materialExpiry()
	if err != nil {
		return nil, err
	}
	if err := c.faults.refuseToken(); err != nil {
		return nil, err
	}
	private, alg, err := k.wrappingKey(c, key)
	if err != nil {
		return nil, err
	}
	return k.takeIn(c, key, private, alg, wrapped, expires)
}

// takeIn unwraps and imports. From here on every failure is the same to the
// client: what is wrong with the material, and whether it could be opened at
// all, is nobody's business but the log's. So all of them take the same way,
// with random bytes in place of material that could not be opened, up to the
// one condition at the end.
func (k *KMS) takeIn(c *call, cmk *key, private *rsa.PrivateKey, alg algorithm, wrapped []byte, expires int64) (answer, error) {
	material, opened := unwrap(private, alg, wrapped, cmk.materialSize())
	binding := k.store.bind(cmk.ID, material)
	result, err := k.alter(c, func(_ *tx, key *key) error {
		first := len(key.Binding) == 0
		same := sameBinding(key.Binding, binding)
		if !opened || !first && !same {
			return errMaterial
		}
		key.Binding = binding
		key.material = material
		key.Expires = expires
		if key.State == statePendingImport {
			key.State = stateEnabled
		}
		return nil
	})
	if err == errMaterial {
		k.diagnoses.add(diagnosis{
			requestID: c.id, keyID: cmk.ID, private: private, algorithm: alg,
			wrapped: wrapped, size: cmk.materialSize(), opened: opened,
		})
	}
	return result, err
}

// wrappingKey opens the import token. An expired one says so only if it is
// otherwise good.
func (k *KMS) wrappingKey(c *call, cmk *key) (*rsa.PrivateKey, algorithm, error) {
	in, err := k.store.openToken(c.account, cmk.ID, c.trimmed("ImportToken"))
	if err != nil {
		return nil, 0, err
	}
	if in.expires <= c.now.Unix() {
		return nil, 0, errTokenExpired
	}
	private, err := k.recent.private(&in.primes)
	if err != nil {
		return nil, 0, errToken
	}
	return private, in.algorithm, nil
}

// materialExpiry returns when the material shall expire, as Unix seconds;
// absent and 0 mean never.
func (c *call) materialExpiry() (int64, error) {
	const name = "KeyMaterialExpireUnix"
	text := c.get(name)
	if text == "" {
		return 0, nil
	}
	at, err := strconv.ParseInt(text, 10, 64)
	if err != nil || at < 0 || at > latestTime || at != 0 && at <= c.now.Unix() {
		return 0, invalid(name)
	}
	return at, nil
}
