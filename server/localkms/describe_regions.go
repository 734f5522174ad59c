package localkms

type regionsAnswer struct {
	reply
	Regions struct{ Region []region }
}

type region struct {
	RegionId string
}

// describeRegions names the one region that there is here, so that a client
// that visits them all finds each one answering.
func describeRegions(k *KMS, _ *call) (answer, error) {
	result := &regionsAnswer{}
	result.Regions.Region = []region{{k.config.Region}}
	return result, nil
}
