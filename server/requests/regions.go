package requests

import (
	"errors"
	"slices"
	"time"

	"keyferry/server/address"
)

// regional is the KMS of one region, and the turns of the calls to it. Limits and rates are of each
// region by itself, as the KMS's are.
type regional struct {
	kms    KMS
	reads  *queue
	writes *queue
}

// regions makes what the configuration names, the first region included.
func regions(config *Config) (map[string]*regional, error) {
	made := map[string]*regional{}
	add := func(region string, kms KMS) {
		made[region] = &regional{
			kms:    kms,
			reads:  newQueue(config.ReadsPerSecond, func(d time.Duration) { config.Waited(readAction, d) }),
			writes: newQueue(config.WritesPerSecond, func(d time.Duration) { config.Waited(writeAction, d) }),
		}
	}
	for region, kms := range config.Others {
		if !address.Region(region) || kms == nil || region == config.Region {
			return nil, errors.New("keeping requests: Others has no other region, or one without a KMS")
		}
		add(region, kms)
	}
	add(config.Region, config.KMS)
	return made, nil
}

// serves reports whether requests may be about CMKs of a region.
func (s *Service) serves(region string) bool { return s.regions[region] != nil }

// region returns what belongs to a region that the console still serves.
func (s *Service) region(name string) (*regional, error) {
	in := s.regions[name]
	if in == nil {
		return nil, ErrTerms.with("field", "Region")
	}
	return in, nil
}

// Regions returns the regions, the first one first.
func (s *Service) Regions() []string {
	all := []string{s.config.Region}
	for region := range s.config.Others {
		all = append(all, region)
	}
	slices.Sort(all[1:])
	return all
}
