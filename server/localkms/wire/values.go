package wire

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// timeLayout is the API's form of a time: UTC, without a fraction.
const timeLayout = "2006-01-02T15:04:05Z"

// FormatTime writes Unix seconds as the API writes a time; 0 is the empty string.
func FormatTime(unix int64) string {
	if unix == 0 {
		return ""
	}
	return time.Unix(unix, 0).UTC().Format(timeLayout)
}

// ParseTime reads a time of exactly the API's form. time.Parse alone would also take a fraction
// of a second, which the service refuses.
func ParseTime(value string) (time.Time, error) {
	stamp, err := time.Parse(timeLayout, value)
	if err != nil || len(value) != len(timeLayout) {
		return stamp, ErrTimeFormat
	}
	return stamp, nil
}

// ParseInteger reads a number that is written with digits alone. strconv would also take a plus
// sign, which the service refuses; a minus sign is out of range for every parameter of the API.
func ParseInteger(text string) (int64, error) {
	if strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' }) {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseInt(text, 10, 64)
}

// DecodeBase64 decodes standard base64 on one line. Go's own decoder ignores line breaks, so a
// client that leaves them in would work here and fail elsewhere.
func DecodeBase64(text string) ([]byte, error) {
	if at := strings.IndexAny(text, "\r\n"); at >= 0 {
		return nil, base64.CorruptInputError(at)
	}
	return base64.StdEncoding.DecodeString(text)
}
