package localkms

type resourceTagsAnswer struct {
	reply
	Tags struct{ Tag []resourceTag }
}

type resourceTag struct {
	KeyId    string
	TagKey   string
	TagValue string
}

// listResourceTags lists the labels of a CMK.
func listResourceTags(k *KMS, c *call) (answer, error) {
	key, err := k.view(c)
	if err != nil {
		return nil, err
	}
	result := &resourceTagsAnswer{}
	result.Tags.Tag = []resourceTag{}
	for _, t := range key.Tags {
		result.Tags.Tag = append(result.Tags.Tag, resourceTag{key.ID, t.TagKey, t.TagValue})
	}
	return result, nil
}
