package custody

import (
	"unicode/utf8"

	"keyferry/wasm/keywrap"
)

// maxFieldSize bounds a text of a receipt, in bytes.
const maxFieldSize = 512

// isIdentifier holds for names that the KMS gives: key IDs, ARNs, regions, aliases
// and request IDs.
func isIdentifier(s string) bool {
	for i := range len(s) {
		c := s[i]
		alphanumeric := c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
		if !alphanumeric && c != '-' && c != '_' && c != '.' && c != ':' && c != '/' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= maxFieldSize
}

// isName holds for texts that people see: UTF-8 without control characters.
func isName(s string) bool {
	for _, c := range s {
		if c < ' ' || c >= 0x7f && c < 0xa0 || c == utf8.RuneError {
			return false
		}
	}
	return len(s) > 0 && len(s) <= maxFieldSize
}

func isAlgorithm(s string) bool {
	_, err := keywrap.ParseAlgorithm(s)
	return err == nil
}

func isOrigin(s string) bool {
	switch Origin(s) {
	case OriginGenerated, OriginFile, OriginBackup, OriginComponents:
		return true
	}
	return false
}

// isCheckValue holds for the one form in which a receipt has it.
func isCheckValue(s string) bool {
	k, err := ParseKCV(s)
	return err == nil && k.String() == s
}

// isTime holds for a time that exists, in the one form that receipts have it in:
// 2026-01-02T15:04:05Z (RFC 3339, in UTC, without fractions). The package time
// would do this too, at thirty times the size.
func isTime(s string) bool {
	const form = "0000-00-00T00:00:00Z"
	if len(s) != len(form) {
		return false
	}
	for i := range len(s) {
		if digit := s[i] >= '0' && s[i] <= '9'; digit != (form[i] == '0') || !digit && s[i] != form[i] {
			return false
		}
	}
	two := func(at int) int { return int(s[at]-'0')*10 + int(s[at+1]-'0') }
	year, month, day := two(0)*100+two(2), two(5), two(8)
	return year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month) &&
		two(11) <= 23 && two(14) <= 59 && two(17) <= 59
}

// daysIn returns the length of a month of the Gregorian calendar.
func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}
