package leak

import "bytes"

// peelUTF16 takes every second byte of a run in which every other one is zero, in either order of
// the two.
func peelUTF16(content []byte) view {
	var v view
	for i := 0; i+1 < len(content); {
		// The zero behind the first character of a run.
		next := bytes.IndexByte(content[i+1:], 0)
		if next < 0 {
			return v
		}
		i += next
		if content[i] == 0 {
			for i+1 < len(content) && content[i+1] == 0 {
				i++ // nothing but zeros
			}
			i++
			continue
		}
		for back := 0; back < 2 && i >= 2 && content[i-1] == 0 && content[i-2] == 0; back++ {
			i -= 2 // zeros of the text itself
		}
		v.begin(i)
		for i+1 < len(content) && content[i+1] == 0 && !bytes.HasPrefix(content[i:], manyZeros) {
			v.bytes = append(v.bytes, content[i])
			i += 2
		}
		// In the order with the zero first, the last character comes after the run.
		if i < len(content) {
			v.bytes = append(v.bytes, content[i])
		}
		v.end()
	}
	return v
}

// manyZeros are no text any more.
var manyZeros = make([]byte, 8)
