package localkms

// keyState is the state of a CMK.
type keyState uint8

// The states, in the order of the state table.
const (
	stateEnabled keyState = iota
	stateDisabled
	statePendingDeletion
	statePendingImport
	numStates = iota
)

var stateNames = [numStates]string{"Enabled", "Disabled", "PendingDeletion", "PendingImport"}

// String returns the API's word for a state.
func (s keyState) String() string { return stateNames[s] }

// MarshalText lets journals and seeds carry the API's words.
func (s keyState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the API's words.
func (s *keyState) UnmarshalText(text []byte) error {
	for i, name := range stateNames {
		if name == string(text) {
			*s = keyState(i)
			return nil
		}
	}
	return errUnknownState
}

// stateRule says what an action answers on a CMK in each state; nil lets it
// pass.
type stateRule [numStates]*apiError

// The rows of the state table (kms-api section 5.1).
var (
	anyState        = stateRule{}
	onlyEnabled     = stateRule{nil, errDisabled, errPendingDeletion, errPendingImport}
	enabledOrNot    = stateRule{nil, nil, errStateModification, errStateModification}
	onlyInDeletion  = stateRule{errStateModification, errStateModification, nil, errStateModification}
	notInDeletion   = stateRule{nil, nil, errStateModification, nil}
	noteNotDeletion = stateRule{nil, nil, errPendingDeletion, nil}
)

// allows returns the error that a CMK's state answers the action with.
func (a *action) allows(s keyState) error {
	if err := a.states[s]; err != nil {
		return err
	}
	return nil
}
