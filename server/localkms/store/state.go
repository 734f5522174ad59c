package store

import "errors"

// State is the state of a CMK.
type State uint8

// The states, in the order of the vendor's state table.
const (
	Enabled State = iota
	Disabled
	PendingDeletion
	PendingImport
	NumStates = iota
)

var stateNames = [NumStates]string{"Enabled", "Disabled", "PendingDeletion", "PendingImport"}

// String returns the API's word for a state.
func (s State) String() string { return stateNames[s] }

// MarshalText writes the API's word.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the API's word.
func (s *State) UnmarshalText(text []byte) error {
	for i, name := range stateNames {
		if name == string(text) {
			*s = State(i)
			return nil
		}
	}
	return errors.New("unknown key state")
}
