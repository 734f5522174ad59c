package custody

import (
	"encoding/hex"
	"strconv"
	"unicode/utf8"
)

// WriteReceipt returns the file of a receipt: JSON in UTF-8, one field a line in a
// fixed order, two spaces before each, line feeds, and one at the end. The same
// receipt always gives the same bytes. A receipt that [ParseReceipt] would not take
// is refused.
//
// encoding/json would do the same and add 60 KB to what a person downloads.
func WriteReceipt(r *Receipt) ([]byte, error) {
	copied, h := *r, receiptHolder{}
	fields := copied.fields(&h)
	text := []byte("{")
	for _, field := range fields {
		if field.optional && field.isEmpty() {
			continue
		}
		if field.text != nil && !field.valid(*field.text) {
			return nil, errReceiptField(field.name)
		}
		if len(text) > 1 {
			text = append(text, ',')
		}
		text = append(text, "\n  \""+field.name+"\": "...)
		switch {
		case field.number != nil:
			text = strconv.AppendInt(text, *field.number, 10)
		case field.text != nil:
			text = appendString(text, *field.text)
		default:
			text = append(hex.AppendEncode(append(text, '"'), field.digest), '"')
		}
	}
	if !r.consistent() {
		return nil, errReceiptContradiction()
	}
	return append(text, "\n}\n"...), nil
}

func (f *receiptField) isEmpty() bool {
	if f.text != nil {
		return *f.text == ""
	}
	for _, b := range f.digest {
		if b != 0 {
			return false
		}
	}
	return true
}

// appendString appends a JSON string. Control characters do not occur.
func appendString(text []byte, s string) []byte {
	text = append(text, '"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			text = append(text, '\\')
		}
		text = append(text, s[i])
	}
	return append(text, '"')
}

// maxReceiptSize is several times the size of the longest receipt.
const maxReceiptSize = 16 << 10

// ParseReceipt reads the file of a receipt. It is strict about what a receipt says:
// every field that is not optional is there, once, with a value of its form, and no
// other. It is lenient about how the file is laid out, because mail programs and
// editors change that: the order of the fields, white space, line ends, a byte order
// mark, and escapes in strings.
func ParseReceipt(file []byte) (*Receipt, error) {
	if len(file) > maxReceiptSize || !utf8.Valid(file) {
		return nil, errReceiptNotJSON()
	}
	found, err := parseObject(trim(file))
	if err != nil {
		return nil, err
	}
	r, h := &Receipt{}, receiptHolder{}
	fields := r.fields(&h)
	if v := found.find("Format"); v == nil || !v.isText || v.text != receiptFormat {
		return nil, refuse(CodeReceiptNotOurs, "This is JSON, but not the receipt of an import.")
	}
	if v := found.find("Version"); v != nil && !v.isText && v.text != strconv.Itoa(receiptVersion) {
		return nil, refuse(CodeReceiptVersion, "This receipt has another version than this program knows. Use the program that made it, or a newer one.")
	}
	known := 0
	for _, field := range fields {
		v := found.find(field.name)
		if v == nil && field.optional {
			continue
		}
		if v == nil || !field.set(v) {
			return nil, errReceiptField(field.name)
		}
		known++
	}
	if known < len(found) { // names are unique
		return nil, refuse(CodeReceiptMalformed, "This receipt has a field that no receipt of this version has. It was changed, or is damaged.")
	}
	if err := r.settle(&h); err != nil {
		return nil, err
	}
	if !r.consistent() {
		return nil, errReceiptContradiction()
	}
	return r, nil
}

// set stores a value, and reports whether it is one for this field.
func (f *receiptField) set(v *jsonField) bool {
	switch {
	case f.number != nil:
		number, err := strconv.ParseInt(v.text, 10, 64)
		*f.number = number
		// The second condition refuses leading zeros, signs and the like.
		return !v.isText && err == nil && strconv.FormatInt(number, 10) == v.text
	case f.text != nil:
		*f.text = v.text
		return v.isText && f.valid(v.text)
	}
	// An empty digest is left out, not written as zeros. Upper case is not our form.
	n, err := hex.Decode(f.digest, []byte(v.text[:min(len(v.text), 2*len(f.digest))]))
	return v.isText && err == nil && n == len(f.digest) && hex.EncodeToString(f.digest) == v.text && !(f.optional && f.isEmpty())
}

func errReceiptNotJSON() error {
	return refuse(CodeReceiptNotJSON, "This is not a receipt: it is not a JSON object of strings and numbers, or only a part of one.")
}

func errReceiptField(name string) error {
	return refuse(CodeReceiptMalformed, "The receipt's field "+name+" is missing, or does not have the form that it should. It was changed, or is damaged.")
}

func errReceiptContradiction() error {
	return refuse(CodeReceiptMalformed, "The fields of the receipt contradict each other: a backup has both a name and a digest or neither, and no expiry is before 1970.")
}
