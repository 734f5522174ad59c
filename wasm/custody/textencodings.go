package custody

import (
	_ "embed"
	"unicode/utf16"
	"unicode/utf8"

	"keyferry/wasm/keywrap"
)

// Text that is not ASCII, recognised by the characters that people use.
//
// A key that is valid in an encoding is not yet text: of the pairs of random bytes, one in
// three is a character of GBK. So every character adds a score by how much more often people
// write it than chance makes it, in quarters of a bit, and text is what reaches a sum. The sums
// are chosen so that of random keys fewer than 2^-44 reach that of any one encoding, and fewer
// than 2^-40 any at all. TestTextFalsePositives computes these probabilities from the functions
// below, byte by byte, over all sequences of 32 bytes.

// textClass says how usual a character is.
type textClass uint8

const (
	textNone   textClass = iota // not a character, or one that nobody types
	textSpace                   // ASCII space
	textSmall                   // ASCII small letters
	textOther                   // ASCII capitals and digits
	textSymbol                  // other printable ASCII, and line breaks
	textAccent                  // Latin letters with accents
	textLetter                  // letters of small alphabets: Greek, Cyrillic, kana and so on
	textCommon                  // Han characters and Hangul syllables in common use
	textMark                    // other punctuation, full-width forms, emoji
	textRare                    // everything else
	textCut                     // the beginning of a character that the end cuts off
	textClasses
)

// latin reports whether the class goes with ASCII letters in one word.
func (c textClass) latin() bool { return c >= textSmall && c <= textAccent }

// textEncoding is an encoding, with what its characters count.
type textEncoding struct {
	weak, source keywrap.Code // what a key is called, and a file of another size
	// next reads the first character of b, which is not empty. Its size is 1 for textNone
	// and len(b) for textCut.
	next   func(b []byte) (size int, class textClass)
	unit   int // trailing zeros are taken off in units of so many bytes
	scores textScores
	least  int // the sum from which 32 bytes are text
}

// textSwitch is taken off where Latin letters and others meet.
const textSwitch = 8

// textZero is what each byte of zeros at the end counts, where text was filled up.
const textZero = 24

var textEncodings = []textEncoding{
	{CodeWeakUTF8, CodeSourceUTF8, nextUTF8, 1, textScores{space: 14, small: 8, other: 4, symbol: -2, accent: 12, letter: 18, common: 32, mark: 36, rare: 4}, 157},
	{CodeWeakUTF16, CodeSourceUTF16, nextUTF16(0, simplifiedHan), 2, utf16Scores(14), 151},
	{CodeWeakUTF16, CodeSourceUTF16, nextUTF16(1, simplifiedHan), 2, utf16Scores(14), 151},
	{CodeWeakUTF16, CodeSourceUTF16, nextUTF16(0, traditionalHan), 2, utf16Scores(12), 159},
	{CodeWeakUTF16, CodeSourceUTF16, nextUTF16(1, traditionalHan), 2, utf16Scores(12), 159},
	{CodeWeakUTF16, CodeSourceUTF16, nextUTF16(0, commonHangul), 2, utf16Scores(17), 150},
	{CodeWeakUTF16, CodeSourceUTF16, nextUTF16(1, commonHangul), 2, utf16Scores(17), 150},
	{CodeWeakGB18030, CodeSourceGB18030, nextGB18030, 1, pairScores(0, 14, 20), 172},
	{CodeWeakBig5, CodeSourceBig5, nextBig5, 1, pairScores(0, 12, 16), 176},
	{CodeWeakShiftJIS, CodeSourceShiftJIS, nextShiftJIS, 1, pairScores(28, 12, 16), 166},
	{CodeWeakEUCJP, CodeSourceEUCJP, nextEUCJP, 1, pairScores(28, 12, 16), 166},
	{CodeWeakEUCKR, CodeSourceEUCKR, nextEUCKR, 1, pairScores(0, 17, 16), 167},
	{CodeWeakLatin1, CodeSourceLatin1, nextLatin1, 1, textScores{space: 14, small: 8, other: 4, symbol: -2, accent: -6, mark: -14}, 148},
	{CodeWeakCyrillic, CodeSourceCyrillic, nextCyrillic, 1, textScores{space: 14, small: 4, other: 2, symbol: -2, letter: 7, mark: -10, rare: -14}, 159},
}

// textScores are the scores of the classes.
type textScores struct{ space, small, other, symbol, accent, letter, common, mark, rare int }

func utf16Scores(common int) textScores {
	return textScores{space: 42, small: 40, other: 36, symbol: 30, accent: 8, letter: 12, common: common, mark: 10, rare: -18}
}

func pairScores(letter, common, mark int) textScores {
	return textScores{space: 14, small: 8, other: 4, symbol: -2, letter: letter, common: common, mark: mark, rare: -16}
}

// of returns the score of a class.
func (s *textScores) of(class textClass) int {
	return [...]int{0, s.space, s.small, s.other, s.symbol, s.accent, s.letter, s.common, s.mark, s.rare, 0}[class]
}

// encodedText finds text in one of these encodings that was taken for a key.
func encodedText(m *keywrap.Material) keywrap.Code {
	if e := bestEncoding(m[:], 0); e != nil {
		return e.weak
	}
	return ""
}

// bestEncoding returns the encoding whose sum the bytes exceed the most, or nil. For another
// size than 32 bytes least says which sum is enough, in place of the encoding's own.
func bestEncoding(b []byte, least int) *textEncoding {
	var best *textEncoding
	excess := -1
	for i := range textEncodings {
		e := &textEncodings[i]
		needed := e.least
		if least > 0 {
			needed = least
		}
		if sum, ok := e.sum(b); ok && sum-needed > excess {
			best, excess = e, sum-needed
		}
	}
	return best
}

// sum adds up what the characters count. It is not ok if the bytes are not text in this
// encoding, or are ASCII alone.
func (e *textEncoding) sum(b []byte) (sum int, ok bool) {
	for len(b) >= e.unit && b[len(b)-1] == 0 && b[len(b)-e.unit] == 0 {
		b = b[:len(b)-e.unit]
		sum += textZero * e.unit
	}
	beyond := e.unit > 1 && len(b) > 0 // than ASCII
	previous := textSpace
	for len(b) > 0 {
		size, class := e.next(b)
		if class == textNone {
			return 0, false
		}
		beyond = beyond || class > textSymbol
		sum += e.scores.of(class)
		if class != textSpace {
			if previous != textSpace && class.latin() != previous.latin() {
				sum -= textSwitch
			}
			previous = class
		}
		b = b[size:]
	}
	return sum, beyond
}

// asciiClass is the class of a character of ASCII.
func asciiClass(c byte) textClass {
	switch {
	case c == ' ':
		return textSpace
	case c >= 'a' && c <= 'z':
		return textSmall
	case c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return textOther
	case c > ' ' && c < 0x7f, isSpace(c):
		return textSymbol
	}
	return textNone
}

// runeClass is the class of a character of Unicode. common says which Han characters and
// Hangul syllables are in common use in some language.
func runeClass(r rune, common func(rune) bool) textClass {
	if r < 0x80 {
		return asciiClass(byte(r))
	}
	for _, block := range runeBlocks {
		if r <= block.last {
			switch {
			case r < block.first:
				return textRare
			case block.class == textCommon && !common(r):
				return textRare
			}
			return block.class
		}
	}
	return textNone
}

// runeBlocks are the blocks of Unicode whose characters people use, or nobody does; what is
// between them is rare.
var runeBlocks = []struct {
	first, last rune
	class       textClass
}{
	{0x80, 0x9f, textNone}, {0xa0, 0xbf, textMark}, {0xc0, 0x24f, textAccent}, {0x300, 0x36f, textAccent},
	{0x370, 0x52f, textLetter}, {0x5d0, 0x5ea, textLetter}, {0x620, 0x669, textLetter},
	{0xe01, 0xe5b, textLetter}, {0x1e00, 0x1eff, textAccent}, {0x2000, 0x206f, textMark},
	{0x20a0, 0x20bf, textMark}, {0x2600, 0x27bf, textMark}, {0x3000, 0x303f, textMark},
	{0x3040, 0x30ff, textLetter}, {0x4e00, 0x9fff, textCommon}, {0xac00, 0xd7a3, textCommon},
	{0xd7a4, 0xf8ff, textNone}, {0xfeff, 0xfeff, textMark}, {0xff01, 0xff5e, textMark},
	{0xfff0, 0xffff, textNone}, {0x1f000, 0x1faff, textMark}, {0x20000, 0x323af, textRare},
}

// hanBits has a bit for each Han character from U+4E00 to U+9FFF that belongs to the first level
// of GB 2312, and then again for that of Big5.
//
//go:embed han.bits
var hanBits string

const hanFirst, hanCount = 0x4e00, 0x5200

func simplifiedHan(r rune) bool  { return hanBit(r, 0) }
func traditionalHan(r rune) bool { return hanBit(r, hanCount) }

func hanBit(r rune, from int) bool {
	i := int(r) - hanFirst
	return i >= 0 && i < hanCount && hanBits[(from+i)/8]>>(i%8)&1 == 1
}

// commonHangul reports whether a syllable has a single consonant before its vowel and at most
// one of the usual ones after it. They are 2,142 of 11,172.
func commonHangul(r rune) bool {
	i := uint(r - 0xac00)
	const before, vowels, after = 0x7daed, 0x1f7b77, 0x3b0113
	return r >= 0xac00 && before>>(i/588)&1 == 1 && vowels>>(i/28%21)&1 == 1 && after>>(i%28)&1 == 1
}

func nextUTF8(b []byte) (int, textClass) {
	if !utf8.FullRune(b) {
		return len(b), textCut
	}
	r, size := utf8.DecodeRune(b)
	if r == utf8.RuneError && size == 1 {
		return 1, textNone
	}
	return size, runeClass(r, anyHan)
}

func anyHan(r rune) bool { return simplifiedHan(r) || traditionalHan(r) || commonHangul(r) }

// nextUTF16 reads UTF-16 whose units have their low byte first (0) or second (1).
func nextUTF16(low int, common func(rune) bool) func(b []byte) (int, textClass) {
	return func(b []byte) (int, textClass) {
		unit := func(i int) rune { return rune(b[i+1-low])<<8 | rune(b[i+low]) }
		switch {
		case len(b) < 2:
			return 1, textCut
		case !utf16.IsSurrogate(unit(0)):
			return 2, runeClass(unit(0), common)
		case unit(0) >= 0xdc00:
			return 1, textNone
		case len(b) < 4:
			return len(b), textCut
		}
		if r := utf16.DecodeRune(unit(0), unit(2)); r != utf8.RuneError {
			return 4, runeClass(r, common)
		}
		return 1, textNone
	}
}
