package localkms

import "keyferry/server/localkms/wire"

// describeKey shows a CMK.
func describeKey(k *KMS, c *call) (wire.Answer, error) {
	key, err := k.view(c)
	if err != nil {
		return nil, err
	}
	return &keyAnswer{KeyMetadata: k.metadata(c.account, key)}, nil
}

type regionsAnswer struct {
	wire.Reply
	Regions struct{ Region []region }
}

type region struct {
	RegionId string
}

// describeRegions names the one region that there is, so that a client that visits them all finds
// each of them answering.
func describeRegions(k *KMS, _ *call) (wire.Answer, error) {
	result := &regionsAnswer{}
	result.Regions.Region = []region{{k.config.Region}}
	return result, nil
}
