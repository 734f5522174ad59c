package leak

// nibbles are the values of hexadecimal digits in both cases; 0xff means any other byte.
var nibbles = func() (table [256]byte) {
	for i := range table {
		table[i] = 0xff
	}
	for i, digit := range []byte("0123456789abcdef") {
		table[digit] = byte(i)
	}
	for i, digit := range []byte("ABCDEF") {
		table[digit] = byte(10 + i)
	}
	return table
}()

// maxSeparator is how many bytes may be between two numbers, as in "0xab, 0xcd" or a line break
// with its indent.
const maxSeparator = 6

// separates holds for what programs write between digits: white space, punctuation, and the x of 0x
// and \x.
func separates(b byte) bool {
	switch {
	case b == ' ', b == '\n', b == '\r', b == '\t', b == 'x', b == 'X':
		return true
	case b < ' ', b > '~':
		return false
	}
	return b < '0' || b > '9' && b < 'A' || b > 'Z' && b < 'a' || b > 'z'
}

// peelHex decodes hexadecimal digits in either case: long runs of them from both the first and the
// second digit on, and groups with separators between them.
func peelHex(content []byte) view {
	var v view
	open := false // whether a sequence of groups is being collected
	end := 0      // of the last group
	for i := 0; i < len(content); {
		if nibbles[content[i]] == 0xff {
			i++
			continue
		}
		start := i
		for i < len(content) && nibbles[content[i]] != 0xff {
			i++
		}
		if i-start == 1 && content[start] == '0' && i < len(content) && content[i]|0x20 == 'x' {
			continue // the 0 of 0x belongs to the separator
		}
		if open && (start-end > maxSeparator+1 || !allSeparate(content[end:start])) {
			v.end()
			open = false
		}
		even := (i-start)%2 == 0
		if i-start > 2*Window {
			if open {
				v.end()
				open = false
			}
			v.hexRun(content, start+1, i)
			if !even {
				v.hexRun(content, start, i)
			}
		}
		if !even {
			if open {
				v.end()
				open = false
			}
			continue
		}
		if !open {
			v.begin(start)
			open = true
		}
		v.hexDigits(content[start:i])
		end = i
	}
	if open {
		v.end()
	}
	return v
}

// allSeparate holds for what may be between two groups. A 0 in it is that of 0x.
func allSeparate(between []byte) bool {
	for _, b := range between {
		if !separates(b) && b != '0' {
			return false
		}
	}
	return true
}

func (v *view) hexRun(content []byte, start, end int) {
	v.begin(start)
	v.hexDigits(content[start:end])
	v.end()
}

func (v *view) hexDigits(digits []byte) {
	for i := 0; i+1 < len(digits); i += 2 {
		v.bytes = append(v.bytes, nibbles[digits[i]]<<4|nibbles[digits[i+1]])
	}
}

// peelNumbers decodes lists of numbers that fit into a byte, signed or not, decimal or with 0x
// before them: a JSON array, what Go prints of a slice, and an object whose keys are the positions.
func peelNumbers(content []byte) view {
	var v view
	open := false
	end := 0
	for i := 0; i < len(content); {
		if content[i] < '0' || content[i] > '9' {
			i++
			continue
		}
		start := i
		value, next, ok := number(content, i)
		i = next
		if isKey(content, next) {
			if open && allBetween(content[end:start]) {
				end = next
			}
			continue
		}
		if open && (!allBetween(content[end:start]) || start == end) {
			v.end()
			open = false
		}
		if !ok {
			if open {
				v.end()
				open = false
			}
			continue
		}
		if start > 0 && content[start-1] == '-' {
			value = -value
		}
		if !open {
			v.begin(start)
			open = true
		}
		v.bytes = append(v.bytes, byte(value))
		end = next
	}
	if open {
		v.end()
	}
	return v
}

// number reads a number of a byte's size. ok is false for a longer one, which is read to its end.
func number(content []byte, i int) (value, next int, ok bool) {
	start := i
	if content[i] == '0' && i+2 < len(content) && content[i+1] == 'x' && nibbles[content[i+2]] != 0xff {
		for i += 2; i < len(content) && nibbles[content[i]] != 0xff; i++ {
			value = (value<<4 | int(nibbles[content[i]])) & 0xffff
		}
		return value, i, i-start <= 4
	}
	for ; i < len(content) && content[i] >= '0' && content[i] <= '9'; i++ {
		value = (value*10 + int(content[i]-'0')) % 10_000
	}
	return value, i, i-start <= 3 && value < 256
}

// isKey holds if what ends here is the key of an object and no value.
func isKey(content []byte, i int) bool {
	if i < len(content) && (content[i] == '"' || content[i] == '\'') {
		i++
	}
	return i < len(content) && content[i] == ':'
}

// allBetween holds for what may be between two numbers of a list.
func allBetween(between []byte) bool {
	if len(between) > maxSeparator+2 {
		return false
	}
	for _, b := range between {
		switch b {
		case ',', ' ', '\n', '\r', '\t', ';', '"', '\'', '[', ']', '(', ')', '{', '}', '-', ':', '|':
		default:
			return false
		}
	}
	return true
}
