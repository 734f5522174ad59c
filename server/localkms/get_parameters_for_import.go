package localkms

import "encoding/base64"

const wrappingKeySpec = "RSA_2048"

type parametersAnswer struct {
	reply
	KeyId           string
	ImportToken     string
	PublicKey       string
	TokenExpireTime string
}

// getParametersForImport gives a client a fresh wrapping key and the token
// that goes with it. It works in every state. Tokens given out before stay
// good for their own 24 hours.
func getParametersForImport(k *KMS, c *call) (answer, error) {
	key, err := k.view(c)
	if err != nil {
		return nil, err
	}
	if key.Origin != originExternal {
		return nil, errOrigin
	}
	alg, err := c.wrapping(key)
	if err != nil {
		return nil, err
	}
	pair, err := k.pairs.next(c.ctx)
	if err != nil {
		return nil, err
	}
	k.recent.add(pair)
	expires := c.now.Add(tokenLife).Unix()
	result := &parametersAnswer{
		KeyId:           key.ID,
		PublicKey:       base64.StdEncoding.EncodeToString(pair.public),
		TokenExpireTime: formatTime(expires),
	}
	in := session{algorithm: alg, expires: expires, primes: pair.primes}
	return result, k.handToken(c, result, in)
}

// handToken seals the session into the answer's token, as the faults of the
// call would have it.
func (k *KMS) handToken(c *call, result *parametersAnswer, in session) error {
	tokenFor := result.KeyId
	if c.faults.foreignToken {
		tokenFor = newKeyID()
	}
	if c.faults.expiredToken {
		in.expires = c.now.Unix() - 1
	}
	if c.faults.swappedKey {
		for own := result.PublicKey; result.PublicKey == own; {
			other, err := k.pairs.next(c.ctx)
			if err != nil {
				return err
			}
			result.PublicKey = base64.StdEncoding.EncodeToString(other.public)
		}
	}
	result.ImportToken = k.store.sealToken(c.account, tokenFor, in)
	return nil
}

// wrapping reads the algorithm and the wrapping key's spec. The SM2 wrapping
// of managed HSMs is not here, nor are the hybrids for asymmetric keys.
func (c *call) wrapping(key *key) (algorithm, error) {
	if spec := c.get("WrappingKeySpec"); spec == "EC_SM2" && key.Level == levelSoftware {
		return 0, errProtectionLevel
	} else if spec == "EC_SM2" {
		return 0, errUnsupported
	} else if spec != wrappingKeySpec {
		return 0, invalid("WrappingKeySpec")
	}
	alg, ok := algorithmNames[c.get("WrappingAlgorithm")]
	if !ok {
		return 0, invalid("WrappingAlgorithm")
	}
	return alg, nil
}
