package signin

import (
	"encoding/json"
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

// Encode returns the data as it is kept. A session has one value, its person.
func (codec) Encode(deadline time.Time, values map[string]any) ([]byte, error) {
	who, _ := values[personKey].(string)
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
