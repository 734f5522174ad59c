package leak

import "iter"

// sextets are the values of the characters of base64 and base64url; 0xff means any other byte.
var sextets = func() (table [256]byte) {
	for i := range table {
		table[i] = 0xff
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		table[c] = byte(i)
	}
	table['-'], table['_'] = 62, 63
	return table
}()

// minBase64 is how many characters hold a window, where they begin at its first byte.
const minBase64 = (Window*8 + 5) / 6

// longRun is where a run of base64 is a file rather than a key. Its beginning is then taken for
// that of the file.
const longRun = 4096

// peelBase64 decodes every run of characters of base64, also over line breaks. Where a run begins
// says nothing about where its groups of four do, since other text may come before, so it is
// decoded from each of the first four characters on. Of long runs only the first of these can hold
// further layers; peelShifted has the others.
func (l *look) peelBase64(content []byte) view {
	var v view
	for start, end := range base64Runs(content, minBase64) {
		values := l.values(content[start:end])
		v.phase(start, values)
		for shift := 1; shift < 4 && len(values) < longRun; shift++ {
			v.phase(start, values[shift:])
		}
	}
	return v
}

// peelShifted decodes long runs from their second, third and fourth character on.
func (l *look) peelShifted(content []byte) view {
	var v view
	for start, end := range base64Runs(content, longRun) {
		values := l.values(content[start:end])
		for shift := 1; shift < 4; shift++ {
			v.phase(start, values[shift:])
		}
	}
	return v
}

// base64Runs are the runs of at least so many characters of base64: where each begins and ends.
func base64Runs(content []byte, least int) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		for i := 0; i < len(content); i++ {
			if sextets[content[i]] == 0xff {
				continue
			}
			start := i
			end, length := runOfBase64(content, start)
			if length >= least && !yield(start, end) {
				return
			}
			i = end
		}
	}
}

// runOfBase64 is where a run ends, and how many characters it has without its line breaks.
func runOfBase64(content []byte, i int) (end, length int) {
	start, breaks := i, 0
	for {
		for i < len(content) && sextets[content[i]] != 0xff {
			i++
		}
		if i == len(content) {
			break
		}
		skip := lineBreak(content[i:])
		if skip == 0 || i+skip == len(content) || sextets[content[i+skip]] == 0xff {
			break
		}
		i += skip
		breaks += skip
	}
	return i, i - start - breaks
}

// values are those of the characters of a run, until the next call.
func (l *look) values(run []byte) []byte {
	l.scratch = l.scratch[:0]
	for _, character := range run {
		if value := sextets[character]; value != 0xff {
			l.scratch = append(l.scratch, value)
		}
	}
	return l.scratch
}

// phase decodes a run from its first character on.
func (v *view) phase(start int, run []byte) {
	if len(run) >= minBase64 {
		v.begin(start)
		v.base64(run)
		v.end()
	}
}

func lineBreak(content []byte) int {
	switch {
	case content[0] == '\n':
		return 1
	case len(content) > 1 && content[0] == '\r' && content[1] == '\n':
		return 2
	}
	return 0
}

func (v *view) base64(run []byte) {
	for ; len(run) >= 4; run = run[4:] {
		v.bytes = append(v.bytes, run[0]<<2|run[1]>>4, run[1]<<4|run[2]>>2, run[2]<<6|run[3])
	}
	if len(run) >= 2 {
		v.bytes = append(v.bytes, run[0]<<2|run[1]>>4)
	}
	if len(run) == 3 {
		v.bytes = append(v.bytes, run[1]<<4|run[2]>>2)
	}
}
