package requests

import (
	"context"
	"time"

	"keyferry/server/store"
)

// The actions of the two queues.
const (
	readAction  = "GetParametersForImport"
	writeAction = "ImportKeyMaterial"
)

// Pace is how one kind of calls to the KMS goes.
type Pace struct {
	Region    string
	Action    string
	Waiting   int     // calls that wait for their turn in this process
	PerSecond float64 // the rate now
	Limit     float64 // the operator's
}

// Paces returns how the two kinds of calls go in each region.
func (s *Service) Paces() (all []Pace) {
	for _, region := range s.Regions() {
		in := s.regions[region]
		all = append(all,
			Pace{region, readAction, in.reads.length(), in.reads.perSecond(), in.reads.ceiling},
			Pace{region, writeAction, in.writes.length(), in.writes.perSecond(), in.writes.ceiling})
	}
	return all
}

// Expiry is when the key material of a CMK expires, by the last import through this console.
type Expiry struct {
	Region, KeyID string
	At            time.Time
}

// States returns how many requests are in each state, those without any included.
func (s *Service) States(ctx context.Context) (map[State]int, error) {
	states := map[State]int{}
	err := s.config.DB.Read(ctx, func(tx *store.Tx) error {
		for _, moves := range transitions {
			for from, to := range moves {
				states[from], states[to] = 0, 0
			}
		}
		rows, err := tx.Query("SELECT state, COUNT(*) FROM requests GROUP BY state")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var state State
			var n int
			if err := rows.Scan(&state, &n); err != nil {
				return err
			}
			states[state] = n
		}
		return rows.Err()
	})
	return states, err
}

// Expiries returns when key material expires, of each CMK whose material does.
func (s *Service) Expiries(ctx context.Context) ([]Expiry, error) {
	var all []Expiry
	err := s.config.DB.Read(ctx, func(tx *store.Tx) error {
		all = nil
		rows, err := tx.Query("SELECT region, key_id, expires FROM imported_keys WHERE expires < ? ORDER BY expires", int64(never))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var e Expiry
			var at int64
			if err := rows.Scan(&e.Region, &e.KeyID, &at); err != nil {
				return err
			}
			e.At = time.UnixMicro(at).UTC()
			all = append(all, e)
		}
		return rows.Err()
	})
	return all, err
}
