package custody

import (
	"bytes"
	"math/bits"
	"strings"
	"testing"
	"unicode"

	"keyferry/wasm/keywrap"
)

// random32 is a key that nothing is wrong with.
const random32 = "\x8d\x41\xc6\xf0\xb2\x5e\x9a\x77\x13\xfc\x04\xd8\xe9\xa2\xb6\x55\x6c\xc8\x30\x2f\x17\xbe\x94\xda\x61\xf5\x80\x3e\x7a\x9d\x4b\x1c"

// Each pattern is found up to its bound and not beyond it.
func TestPatternBounds(t *testing.T) {
	changed := func(change func(b []byte)) (m keywrap.Material) {
		copy(m[:], random32)
		change(m[:])
		return m
	}
	run := func(from, size int) func([]byte) {
		return func(b []byte) { copy(b[from:], bytes.Repeat([]byte{0xee}, size)) }
	}
	period := func(size int) func([]byte) {
		return func(b []byte) { copy(b[size:], b[:32-size]) }
	}
	values := func(different int) func([]byte) {
		return func(b []byte) { copy(b[different:], b[:different]); copy(b[2*different:], b[:different]) }
	}
	ones := func(count int) func([]byte) {
		return func(b []byte) {
			clear(b)
			for i := range count { // spread out, so that nothing else is wrong
				b[i%32] |= 1 << (i / 32 * 3 % 8)
			}
		}
	}
	mirror := func(reverse, reverseBits, complement bool, altered int) func([]byte) {
		return func(b []byte) {
			for i := range 16 {
				c, to := b[i], 16+i
				if reverse {
					to = 31 - i
				}
				if reverseBits {
					c = bits.Reverse8(c)
				}
				if complement {
					c = ^c
				}
				b[to] = c
			}
			for i := range altered {
				b[16+i] ^= 1 << (i % 8)
			}
		}
	}
	for name, test := range map[string]struct {
		find   func(*keywrap.Material) keywrap.Code
		change func([]byte)
		found  bool
	}{
		"period of 24":                       {repeated, period(24), true},
		"period of 25":                       {repeated, period(25), false},
		"run of ten in front":                {padded, run(0, 10), true},
		"run of ten inside":                  {padded, run(7, 10), true},
		"run of ten at the end":              {padded, run(22, 10), true},
		"run of nine":                        {padded, run(23, 9), false},
		"two runs of nine":                   {padded, func(b []byte) { run(0, 9)(b); run(12, 9)(b) }, false},
		"14 values":                          {fewValues, values(14), true},
		"15 values":                          {fewValues, values(15), false},
		"57 ones":                            {unbalanced, ones(57), true},
		"58 ones":                            {unbalanced, ones(58), false},
		"57 zeros":                           {unbalanced, ones(199), true},
		"58 zeros":                           {unbalanced, ones(198), false},
		"bytes that count":                   {counting, words(1, false, 3), true},
		"words of two bytes that count":      {counting, words(2, false, 999), true},
		"the same, big endian":               {counting, words(2, true, 999), true},
		"words of four bytes that count":     {counting, words(4, false, 0x1234567), true},
		"four bytes, big endian":             {counting, words(4, true, 0x1234567), true},
		"words that count but for the last":  {counting, func(b []byte) { words(4, true, 0x1234567)(b); b[31]++ }, false},
		"words that count but for the first": {counting, func(b []byte) { words(2, false, 999)(b); b[0]++ }, false},
		"six zeros in front":                 {zeroEnds, func(b []byte) { clear(b[:6]) }, true},
		"five zeros in front":                {zeroEnds, func(b []byte) { clear(b[:5]) }, false},
		"six zeros at the end":               {zeroEnds, func(b []byte) { clear(b[26:]) }, true},
		"five zeros at the end":              {zeroEnds, func(b []byte) { clear(b[27:]) }, false},
		"six zeros inside":                   {zeroEnds, func(b []byte) { clear(b[1:7]) }, false},
		"twice, twelve bits altered":         {mirrored, mirror(false, false, false, 12), true},
		"twice, thirteen bits altered":       {mirrored, mirror(false, false, false, 13), false},
		"reverse, twelve bits":               {mirrored, mirror(true, false, false, 12), true},
		"reverse, thirteen bits":             {mirrored, mirror(true, false, false, 13), false},
		"bits reversed, twelve":              {mirrored, mirror(true, true, false, 12), true},
		"bits reversed, thirteen":            {mirrored, mirror(true, true, false, 13), false},
		"complement, twelve bits":            {mirrored, mirror(false, false, true, 12), true},
		"complement, thirteen bits":          {mirrored, mirror(false, false, true, 13), false},
		"reverse plus a constant":            {mirrored, func(b []byte) { mirror(true, false, false, 0)(b); add(b[16:], 77) }, true},
		"half plus a constant":               {mirrored, func(b []byte) { mirror(false, false, false, 0)(b); add(b[16:], 77) }, true},
		"pairs with a constant step":         {mirrored, func(b []byte) { pairs(b, func(c byte) byte { return c + 77 }) }, true},
		"pairs with a constant XOR":          {mirrored, func(b []byte) { pairs(b, func(c byte) byte { return c ^ 77 }) }, true},
		"pairs of another kind":              {mirrored, func(b []byte) { pairs(b, func(c byte) byte { return c * 3 }) }, false},
		"nines":                              {decimal, func(b []byte) { fill(b, 0x99) }, true},
		"a nine and a ten":                   {decimal, func(b []byte) { fill(b, 0x99); b[31] = 0x9a }, false},
		"a ten and a nine":                   {decimal, func(b []byte) { fill(b, 0x99); b[31] = 0xa9 }, false},
		"127":                                {sevenBits, func(b []byte) { fill(b, 0x7f) }, true},
		"128 alone":                          {sevenBits, func(b []byte) { fill(b, 0x80) }, false},
		"127, and 128 once":                  {sevenBits, func(b []byte) { fill(b, 0x7f); b[9] = 0x80 }, false},
		"odd parity":                         {parity, func(b []byte) { fill(b, 0x07) }, true},
		"even parity once":                   {parity, func(b []byte) { fill(b, 0x07); b[31] = 3 }, false},
		"space and tilde":                    {textual, func(b []byte) { fill(b, ' '); fill(b[16:], '~') }, true},
		"delete":                             {textual, func(b []byte) { fill(b, ' '); b[31] = 0x7f }, false},
		"a control character":                {textual, func(b []byte) { fill(b, ' '); b[31] = 0x1f }, false},
		"one letter, filled up":              {textual, func(b []byte) { clear(b); b[0] = 'a' }, true},
		"zeros alone":                        {textual, func(b []byte) { clear(b) }, false},
	} {
		m := changed(test.change)
		if code := test.find(&m); (code != "") != test.found {
			t.Errorf("%s: %q", name, code)
		}
	}
}

// words fills a key with words of so many bytes, each a step more than the one before.
func words(size int, bigEndian bool, step uint32) func([]byte) {
	return func(b []byte) {
		word := uint32(0xdeadbeef)
		for i := range b {
			place := i % size
			if bigEndian {
				place = size - 1 - place
			}
			b[i] = byte(word >> (8 * place))
			if i%size == size-1 {
				word += step
			}
		}
	}
}

// A key in text is of the kind of its characters.
func TestTextualKinds(t *testing.T) {
	for text, want := range map[string]keywrap.Code{
		"8d41c6f0b25e9a7713fc04d8e9a2B655": CodeWeakHexText, "8d41c6f0b25e9a7713fc04d8e9a2b65g": CodeWeakBase64Text,
		"8d41c6f0b25e9a7713fc04d8e9a2b65+": CodeWeakBase64Text, "8d41c6f0b25e9a7713fc04d8e9a2b65_": CodeWeakBase64Text,
		"8d41c6f0b25e9a7713fc04d8e9a2b6==": CodeWeakBase64Text, "8d41c6f0b25e9a7713fc04d8e9a2b6-/": CodeWeakText,
		"8d41c6f0b25e9a7713fc04d8e9a2b65\x00": CodeWeakText, "8d41c6f0b25e9a7713fc04d8e9a2b65\n": CodeWeakText,
		"8d41c6f0b25e9a7713fc04d8e9a2b65\x80": "",
	} {
		m := keywrap.Material([]byte(text))
		if code := textual(&m); code != want {
			t.Errorf("%q: %q, want %q", text, code, want)
		}
	}
}

// Zeros at the end count by the byte, and zeros alone are no text. Which letters go together in a
// word follows from their class.
func TestZerosAndWords(t *testing.T) {
	for i := range textEncodings {
		e := &textEncodings[i]
		if _, ok := e.sum(make([]byte, 32)); ok {
			t.Errorf("%s: zeros alone are text", e.weak)
		}
	}
	little := &textEncodings[1] // UTF-16, low byte first
	short, _ := little.sum([]byte("a\x00"))
	if filled, ok := little.sum(append([]byte("a\x00"), make([]byte, 30)...)); !ok || filled-short != 30*textZero {
		t.Errorf("30 zeros count %d", filled-short)
	}
	for class := textNone; class < textClasses; class++ {
		want := class == textSmall || class == textOther || class == textSymbol || class == textAccent
		if class.latin() != want {
			t.Errorf("class %d goes with Latin letters: %v", class, !want)
		}
	}
}

func fill(b []byte, c byte) { copy(b, bytes.Repeat([]byte{c}, len(b))) }

func add(b []byte, step byte) {
	for i := range b {
		b[i] += step
	}
}

// pairs makes the second byte of each pair from the first.
func pairs(b []byte, second func(byte) byte) {
	for i := 0; i < len(b); i += 2 {
		b[i+1] = second(b[i])
	}
}

// Characters of ASCII are in the classes that package unicode has them in.
func TestASCIIClasses(t *testing.T) {
	for c := range rune(128) {
		want := textNone
		switch {
		case c == ' ':
			want = textSpace
		case unicode.IsLower(c):
			want = textSmall
		case unicode.IsUpper(c), unicode.IsDigit(c):
			want = textOther
		case unicode.IsPrint(c), strings.ContainsRune("\t\r\n", c):
			want = textSymbol
		}
		if got := asciiClass(byte(c)); got != want {
			t.Errorf("%q is of class %d, want %d", c, got, want)
		}
	}
}

// Han characters and Hangul syllables in common use are within their blocks, and as many as said.
func TestCommonCharacters(t *testing.T) {
	for _, r := range []rune{0x4dff, 0xa000} {
		if simplifiedHan(r) || traditionalHan(r) {
			t.Errorf("%U is a Han character", r)
		}
	}
	if !simplifiedHan('一') || !traditionalHan('一') { // the first of the block
		t.Error("one is no Han character")
	}
	count := 0
	for r := rune(0xac00); r <= 0xd7a3; r++ {
		if commonHangul(r) {
			count++
		}
	}
	if count != 2142 || !commonHangul('가') || commonHangul(0xabff) || commonHangul('값') {
		t.Errorf("%d syllables are in common use", count)
	}
}

// The first character of bytes that begin, end or lie just outside of a row of an encoding.
func TestRowsOfEncodings(t *testing.T) {
	utf16LE, utf16BE := nextUTF16(0, anyHan), nextUTF16(1, anyHan)
	for _, test := range []struct {
		next  func([]byte) (int, textClass)
		bytes string
		size  int
		class textClass
	}{
		{nextGB18030, "\x81", 1, textCut}, {nextGB18030, "\x81\x30", 2, textCut}, {nextGB18030, "\x81\x30\x81", 3, textCut},
		{nextGB18030, "\x81\x30\x81\x30", 4, textRare}, {nextGB18030, "\x81\x39\xfe\x39a", 4, textRare}, {nextGB18030, "\x81\x30\x80", 1, textNone},
		{nextGB18030, "\x81\x30\xff", 1, textNone}, {nextGB18030, "\x81\x30\x81\x3a", 1, textNone}, {nextGB18030, "\x80", 1, textNone}, {nextGB18030, "\xff\xff", 1, textNone},
		{nextGB18030, "\xb0\xa1", 2, textCommon}, {nextGB18030, "\xd7\xfe", 2, textCommon}, {nextGB18030, "\xd8\xa1", 2, textRare}, {nextGB18030, "\xb0\xa0", 2, textRare},
		{nextGB18030, "\xa1\xa1", 2, textMark}, {nextGB18030, "\xa2\xa1", 2, textRare}, {nextGB18030, "\x81\x40", 2, textRare}, {nextGB18030, "\x81\x7f", 2, textNone},
		{nextBig5, "\xa3\x40", 2, textMark}, {nextBig5, "\xa4\x40", 2, textCommon}, {nextBig5, "\xc6\x7e", 2, textCommon}, {nextBig5, "\xc7\x40", 2, textRare},
		{nextBig5, "\xf9\xfe", 2, textRare}, {nextBig5, "\xfa\x40", 2, textNone}, {nextBig5, "\xa0\x40", 2, textNone}, {nextBig5, "\xa4\x7f", 2, textNone}, {nextBig5, "\xa4\xa0", 2, textNone},
		{nextShiftJIS, "\xa1", 1, textRare}, {nextShiftJIS, "\xdf", 1, textRare}, {nextShiftJIS, "\x82\x9e", 2, textMark}, {nextShiftJIS, "\x82\x9f", 2, textLetter},
		{nextShiftJIS, "\x82\xf1", 2, textLetter}, {nextShiftJIS, "\x83\x40", 2, textLetter}, {nextShiftJIS, "\x83\x96", 2, textLetter}, {nextShiftJIS, "\x83\x97", 2, textRare},
		{nextShiftJIS, "\x87\x80", 2, textRare}, {nextShiftJIS, "\x88\x80", 2, textCommon}, {nextShiftJIS, "\x97\xfc", 2, textCommon}, {nextShiftJIS, "\x98\x80", 2, textRare},
		{nextShiftJIS, "\xef\x80", 2, textRare}, {nextShiftJIS, "\xf0\x80", 2, textNone}, {nextShiftJIS, "\x88\x7f", 2, textNone}, {nextShiftJIS, "\x88\xfd", 2, textNone},
		{nextEUCJP, "\x8e\xa1", 2, textRare}, {nextEUCJP, "\x8e\xe0", 2, textNone}, {nextEUCJP, "\xa4\xa1", 2, textLetter}, {nextEUCJP, "\xa5\xa1", 2, textLetter},
		{nextEUCJP, "\xa1\xa1", 2, textMark}, {nextEUCJP, "\xa3\xa1", 2, textMark}, {nextEUCJP, "\xa2\xa1", 2, textRare}, {nextEUCJP, "\xb0\xa1", 2, textCommon}, {nextEUCJP, "\xcf\xfe", 2, textCommon}, {nextEUCJP, "\xf5\xa1", 2, textNone},
		{nextEUCKR, "\xb0\xa1", 2, textCommon}, {nextEUCKR, "\xc8\xfe", 2, textCommon}, {nextEUCKR, "\xc9\xa1", 2, textRare}, {nextEUCKR, "\xa1\xa1", 2, textMark},
		{nextEUCKR, "\xa3\xa1", 2, textMark}, {nextEUCKR, "\xfd\xfe", 2, textRare}, {nextEUCKR, "\xfe\xa1", 2, textNone}, {nextEUCKR, "\xb0", 1, textCut},
		{nextLatin1, "\x7f", 1, textNone}, {nextLatin1, "\x80", 1, textMark}, {nextLatin1, "\xbf", 1, textMark}, {nextLatin1, "\xc0", 1, textAccent},
		{nextLatin1, "\xd7", 1, textMark}, {nextLatin1, "\xf7", 1, textMark}, {nextLatin1, "\xff", 1, textAccent},
		{nextCyrillic, "\x7f", 1, textNone}, {nextCyrillic, "\x80", 1, textRare}, {nextCyrillic, "\xbf", 1, textRare}, {nextCyrillic, "\xc0", 1, textLetter},
		{nextCyrillic, "\xa3", 1, textMark}, {nextCyrillic, "\xa8", 1, textMark}, {nextCyrillic, "\xb3", 1, textMark}, {nextCyrillic, "\xb8", 1, textMark},
		{utf16LE, "a", 1, textCut}, {utf16LE, "a\x00", 2, textSmall}, {utf16BE, "\x00a", 2, textSmall}, {utf16LE, "\x00\xd8", 2, textCut}, {utf16LE, "\xff\xdb\x00", 3, textCut},
		{utf16LE, "\x00\xdc", 1, textNone}, {utf16LE, "\xff\xdf", 1, textNone}, {utf16LE, "\x00\xd8a\x00", 1, textNone}, {utf16BE, "\xd8\x3d\xde\x00", 4, textMark},
	} {
		if size, class := test.next([]byte(test.bytes)); size != test.size || class != test.class {
			t.Errorf("%x: %d bytes of class %d, want %d of %d", test.bytes, size, class, test.size, test.class)
		}
	}
}

// Text is what reaches the sum of an encoding, by however little.
func TestLeastText(t *testing.T) {
	reached, missed := 0, 0
	for small := range 31 {
		for capitals := range 31 - small {
			b := []byte("é" + strings.Repeat("a", small) + strings.Repeat("A", capitals) + strings.Repeat("!", 30-small-capitals))
			most := -1 << 30
			for i := range textEncodings {
				if sum, ok := textEncodings[i].sum(b); ok {
					most = max(most, sum-textEncodings[i].least)
				}
			}
			if (bestEncoding(b, 0) != nil) != (most >= 0) {
				t.Errorf("%s: %d more than the sum", b, most)
			}
			switch most {
			case 0, 1:
				reached++
			case -1, -2:
				missed++
			}
		}
	}
	if reached == 0 || missed == 0 {
		t.Errorf("%d texts just reach a sum, and %d just do not", reached, missed)
	}
}

// From sixteen characters on, letters and digits are base64 of another length sooner than a word.
func TestShortestBase64(t *testing.T) {
	for text, want := range map[string]keywrap.Code{"jUHG8LJemncTATY": CodeSourceText, "jUHG8LJemncTATY6": CodeSourceBase64Length} {
		if _, err := recogniseBase64([]byte(text)); err != want {
			t.Errorf("%d characters: %v, want %s", len(text), err, want)
		}
	}
}

// A file of the largest size is looked at, and none that is larger.
func TestLargestSource(t *testing.T) {
	file := make([]byte, maxSourceSize+1)
	if _, err := Recognise(file[1:]); err == nil || err == CodeSourceTooLong {
		t.Errorf("the largest: %v", err)
	}
	if _, err := Recognise(file); err != CodeSourceTooLong {
		t.Errorf("larger: %v", err)
	}
}
