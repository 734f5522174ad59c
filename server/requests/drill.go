package requests

import (
	"context"
	"strings"
	"time"

	"keyferry/server/kms"
	"keyferry/server/person"
	"keyferry/server/policy"
	"keyferry/server/store"
)

// Proof is what the importer's browser found when it opened a backup. The server cannot check more
// than that it is the key on record: opening the backup is the importer's own statement, as in an
// exercise of any other kind.
type Proof struct {
	Commitment string // of the receipt that the backup fits, 64 hexadecimal digits
	KCV        string // of the key in the backup, 10 upper-case hexadecimal digits
}

// Prove ends a drill: the importer has opened the backup, and it has the key of the receipt. The
// commitment must be the one on record, if there is one. Nothing is sent to the KMS.
func (s *Service) Prove(ctx context.Context, id string, p Proof) (View, error) {
	_, err := s.change(ctx, "prove", id, func(c *change) error {
		if c.r.State == Proved && c.r.Request.Importer == c.who.ID {
			return nil // the same once more, perhaps because the answer was lost
		}
		if !c.r.mayImport(c.who) {
			return ErrNotImporter
		}
		if _, possible := c.r.after(actProve); !possible {
			return ErrState.with("state", string(c.r.State))
		}
		if !kms.Digests.MatchString(p.Commitment) || !kms.CheckValues.MatchString(p.KCV) {
			return ErrCheckValue
		}
		k, err := s.loadKey(c.tx, c.r.Region, c.r.KeyID)
		if err != nil {
			return err
		}
		if k.Commitment != "" && p.Commitment != k.Commitment || k.KCV != "" && p.KCV != k.KCV {
			return ErrOtherKey
		}
		return c.prove(p)
	})
	if err != nil {
		return View{}, err
	}
	return s.Get(ctx, id)
}

func (c *change) prove(p Proof) error {
	d, err := c.ask(policy.Import)
	if err != nil {
		return err
	}
	if err := c.act(actProve); err != nil {
		return err
	}
	c.r.Request.Importer, c.r.ImportedBy = c.who.ID, c.who
	at := c.now.UnixMicro()
	_, err = c.tx.Exec(`UPDATE imported_keys SET kcv = ?, commitment = ?, drilled = ?, proved = ?, again_at = 0, remind = 0
		WHERE region = ? AND key_id = ?`, p.KCV, p.Commitment, at, at, c.r.Region, c.r.KeyID)
	if err != nil {
		return err
	}
	return c.record("drill.proved", "proved", "", d.Policies, map[string]string{
		"commitment": p.Commitment, "kcv": strings.ToLower(p.KCV),
	})
}

// keysAtOnce is how many keys one transaction looks at that asks for drills or reminds.
const keysAtOnce = 100

// KeepUp asks for the drills that come due, and notes keys that a version before this one imported.
// Run calls it every hour.
func (s *Service) KeepUp(ctx context.Context) error {
	for _, step := range []func(*store.Tx) (more bool, err error){s.noteKeys, s.openDrills} {
		for more := true; more; {
			err := s.write(ctx, "keepup", func(tx *store.Tx) (err error) {
				more, err = step(tx)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// noteKeys notes the keys of imports that imported_keys does not know.
func (s *Service) noteKeys(tx *store.Tx) (more bool, err error) {
	found, err := records(tx.Query("SELECT body FROM requests WHERE state = 'imported' AND keyed = 0 LIMIT ?", keysAtOnce))
	if err != nil {
		return false, err
	}
	for _, r := range found {
		if err := keepKey(tx, r); err != nil {
			return false, err
		}
		if err := tx.Later("UPDATE requests SET keyed = 1 WHERE id = ?", r.ID); err != nil {
			return false, err
		}
	}
	return len(found) == keysAtOnce, nil
}

// openDrills asks the importers of keys for the drills that come due, in the name of whoever asked
// for the import. An importer who may not import any more is not asked. One that was missed has
// ended by then, or does so at once.
func (s *Service) openDrills(tx *store.Tx) (more bool, err error) {
	if s.config.DrillEvery == 0 {
		return false, nil
	}
	now := s.now()
	due, err := s.queryKeys(tx, "WHERE k.proved <= ? AND k.again_at <= ? ORDER BY k.proved LIMIT ?",
		now.Add(DrillAhead-s.config.DrillEvery).UnixMicro(), now.UnixMicro(), keysAtOnce)
	if err != nil {
		return false, err
	}
	for _, k := range due {
		if err := s.openDrill(tx, k, now); err != nil {
			return false, err
		}
	}
	return len(due) == keysAtOnce, nil
}

func (s *Service) openDrill(tx *store.Tx, k *Key, now time.Time) error {
	deadline := k.DrillDue
	if deadline.Before(now.Add(DrillAhead)) {
		deadline = now.Add(DrillAhead)
	}
	from := k.imported
	d := s.config.Policy.Decide(question(from.ImportedBy, policy.Import, &from.Request))
	if !d.Allowed { // looked at again when the policy may have changed
		_, err := tx.Exec("UPDATE imported_keys SET again_at = ? WHERE region = ? AND key_id = ?",
			now.Add(24*time.Hour).UnixMicro(), k.Region, k.ID)
		return err
	}
	r := k.again(ForDrill, deadline)
	r.Requester, r.Name, r.Created = from.Requester, from.Name, now
	return s.keepAgain(tx, person.Person{}, k, r, d.Policies)
}
