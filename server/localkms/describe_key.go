package localkms

type keyAnswer struct {
	reply
	KeyMetadata keyMetadata
}

// describeKey shows a CMK.
func describeKey(k *KMS, c *call) (answer, error) {
	key, err := k.view(c)
	if err != nil {
		return nil, err
	}
	return &keyAnswer{KeyMetadata: k.metadata(c.account, key)}, nil
}
