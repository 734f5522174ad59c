package localkms

// generateDataKeyWithoutPlaintext makes a data key and returns it sealed only.
func generateDataKeyWithoutPlaintext(k *KMS, c *call) (answer, error) {
	_, sealed, err := k.dataKey(c)
	if err != nil {
		return nil, err
	}
	return sealed, nil
}
