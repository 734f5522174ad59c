package localkms

import (
	"keyferry/server/localkms/store"
	"keyferry/server/localkms/wire"
)

// stateRule says what an action answers on a CMK in each state; nil allows it.
type stateRule [store.NumStates]*wire.Error

// The rows of the vendor's state table: Enabled, Disabled, PendingDeletion, PendingImport.
var (
	anyState        = stateRule{}
	onlyEnabled     = stateRule{nil, wire.ErrDisabled, wire.ErrPendingDeletion, wire.ErrPendingImport}
	enabledOrNot    = stateRule{nil, nil, wire.ErrStateModification, wire.ErrStateModification}
	onlyInDeletion  = stateRule{wire.ErrStateModification, wire.ErrStateModification, nil, wire.ErrStateModification}
	notInDeletion   = stateRule{nil, nil, wire.ErrStateModification, nil}
	noteNotDeletion = stateRule{nil, nil, wire.ErrPendingDeletion, nil}
)

// allows returns the error that a CMK's state answers the action with, or nil.
func (r stateRule) allows(s store.State) error {
	if err := r[s]; err != nil {
		return err
	}
	return nil
}
