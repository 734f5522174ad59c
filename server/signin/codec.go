package signin

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/alexedwards/scs/v2"
)

// codec keeps a session's data as JSON. The gob of scs costs more to read, with each request, than
// all else about the session; what was kept as that is still read.
type codec struct{ scs.GobCodec }

type coded struct {
	Deadline time.Time
	Person   string
}

// Encode returns the data as it is kept. A session has one value at most, its person.
func (codec) Encode(deadline time.Time, values map[string]any) ([]byte, error) {
	who, has := values[personKey].(string)
	if len(values) > 1 || len(values) == 1 && !has {
		return nil, errors.New("a session keeps nothing but its person")
	}
	return json.Marshal(coded{deadline, who})
}

// Decode is the reverse of Encode.
func (c codec) Decode(data []byte) (time.Time, map[string]any, error) {
	if len(data) == 0 || data[0] != '{' {
		return c.GobCodec.Decode(data)
	}
	var kept coded
	if err := json.Unmarshal(data, &kept); err != nil {
		return time.Time{}, nil, err
	}
	return kept.Deadline, map[string]any{personKey: kept.Person}, nil
}
