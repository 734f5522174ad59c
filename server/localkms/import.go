package localkms

import (
	"crypto/rsa"
	"crypto/subtle"
	"encoding/base64"

	"keyferry/server/localkms/store"
	"keyferry/server/localkms/wire"
	"keyferry/server/localkms/wrapping"
)

type parametersAnswer struct {
	wire.Reply
	KeyId           string
	ImportToken     string
	PublicKey       string
	TokenExpireTime string
}

// getParametersForImport gives a client a fresh wrapping key and the token that belongs to it. It
// works in every state. Tokens handed out before stay valid for their own 24 hours.
func getParametersForImport(k *KMS, c *call) (wire.Answer, error) {
	key, err := k.view(c)
	if err != nil {
		return nil, err
	}
	if key.Origin != originExternal {
		return nil, wire.ErrOrigin
	}
	alg, err := c.wrapping(key)
	if err != nil {
		return nil, err
	}
	pair, err := k.pairs.Next(c.ctx)
	if err != nil {
		return nil, wire.ErrUnavailable
	}
	k.recent.Add(pair)
	expires := c.now.Add(wrapping.TokenLife).Unix()
	result := &parametersAnswer{
		KeyId:           key.ID,
		PublicKey:       base64.StdEncoding.EncodeToString(pair.Public),
		TokenExpireTime: wire.FormatTime(expires),
	}
	in := wrapping.Session{Algorithm: alg, Expires: expires, Primes: pair.Primes}
	return result, k.handToken(c, result, in)
}

// handToken seals the session into the answer's token, as the faults of the call want it.
func (k *KMS) handToken(c *call, result *parametersAnswer, in wrapping.Session) error {
	tokenFor := result.KeyId
	if c.faults.foreignToken {
		tokenFor = newKeyID()
	}
	if c.faults.expiredToken {
		in.Expires = c.now.Unix() - 1
	}
	if c.faults.swappedKey {
		for own := result.PublicKey; result.PublicKey == own; {
			other, err := k.pairs.Next(c.ctx)
			if err != nil {
				return wire.ErrUnavailable
			}
			result.PublicKey = base64.StdEncoding.EncodeToString(other.Public)
		}
	}
	result.ImportToken = in.Seal(k.store.TokenKey(), c.account, tokenFor)
	return nil
}

// wrapping reads the algorithm and the wrapping key's spec. The SM2 wrapping of managed HSMs is
// not here, nor are the hybrid algorithms for asymmetric keys.
func (c *call) wrapping(key *store.Key) (wrapping.Algorithm, error) {
	switch spec := c.get("WrappingKeySpec"); {
	case spec == "EC_SM2" && key.Level == levelSoftware:
		return 0, wire.ErrProtectionLevel
	case spec == "EC_SM2":
		return 0, wire.ErrUnsupported
	case spec != wrapping.KeySpec:
		return 0, wire.Invalid("WrappingKeySpec")
	}
	alg, ok := wrapping.ParseAlgorithm(c.get("WrappingAlgorithm"))
	if !ok {
		return 0, wire.Invalid("WrappingAlgorithm")
	}
	return alg, nil
}

// importKeyMaterial unwraps material and puts it into its CMK. The first material binds the CMK
// for good. Nothing changes unless everything is right.
func importKeyMaterial(k *KMS, c *call) (wire.Answer, error) {
	key, err := k.view(c)
	if err != nil {
		return nil, err
	}
	if key.Origin != originExternal {
		return nil, wire.ErrOrigin
	}
	wrapped, err := wire.DecodeBase64(c.trimmed("EncryptedKeyMaterial"))
	if err != nil {
		return nil, wire.Invalid("EncryptedKeyMaterial")
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
	return k.unwrapInto(c, key, private, alg, wrapped, expires)
}

// unwrapInto unwraps and imports. From here on every failure is the same to the client: what is
// wrong with the material, and whether it could be opened at all. So all of them do the same work,
// with random bytes in place of material that could not be opened, up to the one condition.
// Nothing that depends on the padding runs afterwards either: see [refusals].
func (k *KMS) unwrapInto(c *call, cmk *store.Key, private *rsa.PrivateKey, alg wrapping.Algorithm, wrapped []byte, expires int64) (wire.Answer, error) {
	size := materialSize(cmk)
	material, opened := wrapping.Unwrap(private, alg, wrapped, size)
	binding := k.store.Bind(cmk.ID, material)
	result, err := k.alter(c, func(_ *store.Tx, key *store.Key) error {
		first := len(key.Binding) == 0
		same := subtle.ConstantTimeCompare(key.Binding, binding) == 1
		if !opened || !first && !same {
			return wire.ErrMaterial
		}
		key.Binding = binding
		key.Material = material
		key.Expires = expires
		if key.State == store.PendingImport {
			key.State = store.Enabled
		}
		return nil
	})
	if err == wire.ErrMaterial {
		k.refused.add(refusal{
			RefusedImport: RefusedImport{RequestID: c.id, KeyID: cmk.ID, Algorithm: alg.String(), At: c.now.UTC()},
			private:       private, alg: alg, wrapped: wrapped, size: size,
		})
	}
	return result, err
}

// wrappingKey opens the import token. It is reported as expired only if it is valid otherwise.
func (k *KMS) wrappingKey(c *call, cmk *store.Key) (*rsa.PrivateKey, wrapping.Algorithm, error) {
	in, err := wrapping.OpenToken(k.store.TokenKey(), c.account, cmk.ID, c.trimmed("ImportToken"))
	if err != nil {
		return nil, 0, wire.ErrToken
	}
	if in.Expires <= c.now.Unix() {
		return nil, 0, wire.ErrTokenExpired
	}
	private, err := k.recent.Private(&in.Primes)
	if err != nil {
		return nil, 0, wire.ErrToken
	}
	return private, in.Algorithm, nil
}

// latestTime is the last moment that the API's form of a time can show.
const latestTime = 253402300799

// materialExpiry returns when the material shall expire, in Unix seconds; absent and 0 mean never.
func (c *call) materialExpiry() (int64, error) {
	const name = "KeyMaterialExpireUnix"
	text := c.get(name)
	if text == "" {
		return 0, nil
	}
	at, err := wire.ParseInteger(text)
	if err != nil || at > latestTime || at != 0 && at <= c.now.Unix() {
		return 0, wire.Invalid(name)
	}
	return at, nil
}

// deleteKeyMaterial removes the material of a CMK, in every state. The CMK stays bound to it:
// only the same bytes can be imported again. Without material there is nothing to do.
func deleteKeyMaterial(k *KMS, c *call) (wire.Answer, error) {
	return k.alter(c, func(_ *store.Tx, key *store.Key) error {
		if key.Origin != originExternal {
			return wire.ErrOrigin
		}
		*key = *key.WithoutMaterial()
		return nil
	})
}
