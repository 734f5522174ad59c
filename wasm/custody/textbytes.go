package custody

// The encodings of one and two bytes, each by its rows: a character is a row, which is its first
// byte, and a place in it, which is the second. Level 1 of each standard is what is in common use.

// in reports whether c lies between the two.
func in(c, first, last byte) bool { return c >= first && c <= last }

// pair reads the first character of an encoding of ASCII and pairs. class judges a pair.
func pair(b []byte, class func(row, place byte) textClass) (int, textClass) {
	switch {
	case b[0] < 0x80:
		return 1, asciiClass(b[0])
	case !in(b[0], 0x81, 0xfe):
		return 1, textNone
	case len(b) < 2:
		return 1, textCut
	}
	return 2, class(b[0], b[1])
}

func nextGB18030(b []byte) (int, textClass) {
	if len(b) > 1 && in(b[0], 0x81, 0xfe) && in(b[1], '0', '9') { // four bytes
		switch {
		case len(b) > 2 && !in(b[2], 0x81, 0xfe), len(b) > 3 && !in(b[3], '0', '9'):
			return 1, textNone
		case len(b) < 4:
			return len(b), textCut
		}
		return 4, textRare
	}
	return pair(b, func(row, place byte) textClass {
		switch {
		case place < 0x40 || place == 0x7f || place == 0xff:
			return textNone
		case place < 0xa1:
			return textRare
		case in(row, 0xb0, 0xd7):
			return textCommon
		case row == 0xa1 || row == 0xa3:
			return textMark
		}
		return textRare
	})
}

func nextBig5(b []byte) (int, textClass) {
	return pair(b, func(row, place byte) textClass {
		switch {
		case !in(place, 0x40, 0x7e) && !in(place, 0xa1, 0xfe) || !in(row, 0xa1, 0xf9):
			return textNone
		case in(row, 0xa4, 0xc6):
			return textCommon
		case row <= 0xa3:
			return textMark
		}
		return textRare
	})
}

func nextShiftJIS(b []byte) (int, textClass) {
	if in(b[0], 0xa1, 0xdf) {
		return 1, textRare // katakana of half the width
	}
	return pair(b, func(row, place byte) textClass {
		switch {
		case !in(place, 0x40, 0x7e) && !in(place, 0x80, 0xfc) || row > 0xef:
			return textNone
		case row == 0x82 && in(place, 0x9f, 0xf1), row == 0x83 && in(place, 0x40, 0x96):
			return textLetter
		case row <= 0x82:
			return textMark
		case in(row, 0x88, 0x97):
			return textCommon
		}
		return textRare
	})
}

func nextEUCJP(b []byte) (int, textClass) {
	return pair(b, func(row, place byte) textClass {
		switch {
		case row == 0x8e && in(place, 0xa1, 0xdf): // katakana of half the width
			return textRare
		case !in(row, 0xa1, 0xf4) || !in(place, 0xa1, 0xfe):
			return textNone
		case row == 0xa4 || row == 0xa5:
			return textLetter
		case row == 0xa1 || row == 0xa3:
			return textMark
		case in(row, 0xb0, 0xcf):
			return textCommon
		}
		return textRare
	})
}

func nextEUCKR(b []byte) (int, textClass) {
	return pair(b, func(row, place byte) textClass {
		switch {
		case !in(row, 0xa1, 0xfd) || !in(place, 0xa1, 0xfe):
			return textNone
		case row == 0xa1 || row == 0xa3:
			return textMark
		case in(row, 0xb0, 0xc8):
			return textCommon
		}
		return textRare
	})
}

// nextLatin1 reads Latin-1 or Windows-1252.
func nextLatin1(b []byte) (int, textClass) {
	switch c := b[0]; {
	case c < 0x80:
		return 1, asciiClass(c)
	case c >= 0xc0 && c != 0xd7 && c != 0xf7:
		return 1, textAccent
	default:
		return 1, textMark
	}
}

// nextCyrillic reads Windows-1251 or KOI8-R, whose letters fill the same quarter.
func nextCyrillic(b []byte) (int, textClass) {
	switch c := b[0]; {
	case c < 0x80:
		return 1, asciiClass(c)
	case c >= 0xc0:
		return 1, textLetter
	case c == 0xa8 || c == 0xb8 || c == 0xa3 || c == 0xb3:
		return 1, textMark
	default:
		return 1, textRare
	}
}
