// Package importfile reads what the desk hands back after it has wrapped key material: one JSON
// object with what ImportKeyMaterial needs, and what can be compared.
package importfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// MaxSize is the largest import file in bytes.
const MaxSize = 16 << 10

// File is an import file. Nothing in it opens without the KMS. That the texts have their form says
// nothing about whether the KMS will accept them.
type File struct {
	Region    string // such as cn-hangzhou
	KeyID     string // of the CMK
	Algorithm string // in the KMS's words
	// WrappingKeySHA256 is the digest of the DER of the wrapping key, 64 lower-case hexadecimal
	// digits.
	WrappingKeySHA256    string
	EncryptedKeyMaterial string    // base64
	ImportToken          string    // base64
	TokenExpires         time.Time // zero if the desk did not know
	ExpireUnix           int64     // when the material expires, in seconds since 1970; 0 means never
	KCV                  string    // 10 upper-case hexadecimal digits, or empty
	Commitment           string    // 64 lower-case hexadecimal digits, or empty
	// ParametersObtained is how the desk had wrapping key and token: link or file.
	ParametersObtained string
}

// ErrFile reports what is not an import file. Its text says why, without a value.
var ErrFile = errors.New("this is not an import file of the desk")

var (
	digest     = regexp.MustCompile(`^[0-9a-f]{64}$`)
	checkValue = regexp.MustCompile(`^[0-9A-Fa-f]{10}$`)
	word       = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
)

// Parse reads an import file. It is stricter than encoding/json: names match exactly, each occurs
// once, and there are no others and nothing after the object, so that nobody reads the same bytes in
// another way.
func Parse(text []byte) (*File, error) {
	if len(text) > MaxSize {
		return nil, ErrFile
	}
	texts, numbers, err := read(text)
	if err != nil {
		return nil, err
	}
	f := &File{
		Region: texts["Region"], KeyID: texts["KeyId"], Algorithm: texts["WrappingAlgorithm"], WrappingKeySHA256: texts["WrappingKeySHA256"],
		EncryptedKeyMaterial: texts["EncryptedKeyMaterial"], ImportToken: texts["ImportToken"], ExpireUnix: numbers["KeyMaterialExpireUnix"],
		KCV: strings.ToUpper(texts["KeyCheckValue"]), Commitment: texts["Commitment"], ParametersObtained: texts["ParametersObtained"],
	}
	if at := texts["TokenExpireTime"]; at != "" {
		if f.TokenExpires, err = time.Parse(time.RFC3339, at); err != nil {
			return nil, ErrFile
		}
	}
	switch {
	case texts["Keyferry"] != "import", numbers["Version"] != 1,
		!word.MatchString(f.Region), !word.MatchString(f.KeyID), !word.MatchString(f.Algorithm),
		!digest.MatchString(f.WrappingKeySHA256), f.EncryptedKeyMaterial == "", f.ImportToken == "",
		f.KCV != "" && !checkValue.MatchString(f.KCV), f.Commitment != "" && !digest.MatchString(f.Commitment),
		f.ParametersObtained != "link" && f.ParametersObtained != "file", f.ExpireUnix < 0:
		return nil, ErrFile
	}
	return f, nil
}

// fields are the names of an import file, with whether each is a number, and whether it may be
// absent.
var fields = map[string]struct{ number, optional bool }{
	"Keyferry": {}, "Version": {number: true}, "Region": {}, "KeyId": {}, "WrappingAlgorithm": {}, "WrappingKeySHA256": {},
	"EncryptedKeyMaterial": {}, "ImportToken": {}, "TokenExpireTime": {}, "KeyMaterialExpireUnix": {number: true},
	"KeyCheckValue": {optional: true}, "Commitment": {optional: true}, "ParametersObtained": {},
}

// read returns the texts and the numbers of the one object.
func read(text []byte) (texts map[string]string, numbers map[string]int64, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return nil, nil, ErrFile
	}
	texts, numbers = map[string]string{}, map[string]int64{}
	seen := map[string]bool{}
	for decoder.More() {
		token, err := decoder.Token()
		name, _ := token.(string)
		field, known := fields[name]
		if err != nil || !known || seen[name] {
			return nil, nil, ErrFile
		}
		seen[name] = true
		value, err := decoder.Token()
		if err != nil {
			return nil, nil, ErrFile
		}
		switch value := value.(type) {
		case string:
			texts[name] = value
			if field.number {
				return nil, nil, ErrFile
			}
		case json.Number:
			if numbers[name], err = strconv.ParseInt(value.String(), 10, 64); err != nil || !field.number {
				return nil, nil, ErrFile
			}
		default:
			return nil, nil, ErrFile
		}
	}
	if _, err := decoder.Token(); err != nil { // the end of the object
		return nil, nil, ErrFile
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, nil, ErrFile
	}
	for name, field := range fields {
		if !seen[name] && !field.optional {
			return nil, nil, ErrFile
		}
	}
	return texts, numbers, nil
}
