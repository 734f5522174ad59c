package account

import (
	"bytes"
	"encoding/json"
	"strings"
)

// respelled is JSON as Go writes it, each value on a line of its own.
func respelled(text []byte) string {
	return spelled(text, func(value any) string {
		written, err := json.Marshal(value)
		if err != nil {
			panic(err) // it was read from JSON
		}
		return string(written)
	})
}

// shapeOf is the names of the fields of JSON, in their order, and what is within what.
func shapeOf(text []byte) string { return spelled(text, func(any) string { return "" }) }

// spelled writes JSON again, with the order of its fields, and each value as the function says. What
// comes behind the last whole value is left out.
func spelled(text []byte, write func(any) string) string {
	var all strings.Builder
	var within []json.Delim // what is open
	count := []int{0}       // tokens in each
	tokens := json.NewDecoder(bytes.NewReader(text))
	tokens.UseNumber()
	for {
		token, err := tokens.Token()
		if err != nil {
			return all.String()
		}
		delim, is := token.(json.Delim)
		if is && (delim == '}' || delim == ']') {
			within, count = within[:len(within)-1], count[:len(count)-1]
			all.WriteString(delim.String())
		} else {
			named := len(within) > 0 && within[len(within)-1] == '{' && count[len(count)-1]%2 == 0
			switch before := count[len(count)-1]; {
			case len(within) == 0 || before == 0:
			case within[len(within)-1] == '{' && !named:
				all.WriteByte(':')
			default:
				all.WriteByte(',')
			}
			count[len(count)-1]++
			switch {
			case is:
				within, count = append(within, delim), append(count, 0)
				all.WriteString(delim.String())
			case named:
				name, _ := json.Marshal(token) // a text
				all.Write(name)
			default:
				all.WriteString(write(token))
			}
		}
		if len(within) == 0 {
			all.WriteByte('\n')
		}
	}
}
