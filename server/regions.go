package main

import (
	"errors"
	"fmt"
	"strings"

	"keyferry/server/kms"
	"keyferry/server/requests"
)

// regionFlags are the flags of a console whose requests are about several regions.
type regionFlags struct {
	FurtherRegion []string `placeholder:"REGION[=ENDPOINT]" help:"A further region whose CMKs requests may be about, such as cn-beijing, with its endpoint if that is not the region's own. An ARN in a new request says which region. May be given several times. With --database and --kms=alibaba."`
}

// others returns the KMS of each further region. They have the settings and credentials of the first,
// and rates of their own.
func (f regionFlags) others(first kms.Config, local, database bool) (map[string]requests.KMS, error) {
	if len(f.FurtherRegion) > 0 && (local || !database) {
		return nil, errors.New("--further-region needs --database and --kms=alibaba")
	}
	all := map[string]requests.KMS{}
	for _, given := range f.FurtherRegion {
		config := first
		config.Region, config.Endpoint, _ = strings.Cut(given, "=")
		if config.Endpoint != "" {
			config.Network = ""
		}
		if _, twice := all[config.Region]; twice || config.Region == first.Region {
			return nil, fmt.Errorf("--further-region: %s is given twice", config.Region)
		}
		client, err := kms.New(config)
		if err != nil {
			return nil, fmt.Errorf("--further-region: %w", err)
		}
		all[config.Region] = client
	}
	return all, nil
}
