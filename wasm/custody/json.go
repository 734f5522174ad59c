package custody

import (
	"unicode/utf16"
	"unicode/utf8"
)

// jsonField is a field of an object. Its value is a string, or a number as it is
// written.
type jsonField struct {
	name   string
	text   string
	isText bool
}

// jsonObject holds the fields of an object in the order of the file.
type jsonObject []jsonField

// find returns the field of that name, or nil.
func (o jsonObject) find(name string) *jsonField {
	for i := range o {
		if o[i].name == name {
			return &o[i]
		}
	}
	return nil
}

// jsonReader reads JSON (RFC 8259) from the front: as much of it as receipts use,
// one flat object of strings and whole numbers.
type jsonReader struct {
	text []byte
}

// parseObject reads an object that fills the text. Names must be unique.
func parseObject(text []byte) (jsonObject, error) {
	var object jsonObject
	r := &jsonReader{text}
	if !r.take('{') {
		return nil, errReceiptNotJSON()
	}
	for !r.take('}') {
		if len(object) > 0 && !r.take(',') {
			return nil, errReceiptNotJSON()
		}
		name, ok := r.string()
		if !ok || !r.take(':') {
			return nil, errReceiptNotJSON()
		}
		field, ok := r.value()
		if !ok {
			return nil, errReceiptNotJSON()
		}
		if object.find(name) != nil {
			return nil, refuse(CodeReceiptMalformed, "A field of this receipt stands there twice. It was changed, or is damaged.")
		}
		field.name = name
		object = append(object, field)
	}
	return object, r.end()
}

// end refuses anything after the object.
func (r *jsonReader) end() error {
	if r.peek() != 0 || len(r.text) > 0 {
		return errReceiptNotJSON()
	}
	return nil
}

// peek returns the next byte that is not white space, or zero at the end.
func (r *jsonReader) peek() byte {
	for len(r.text) > 0 && isSpace(r.text[0]) {
		r.text = r.text[1:]
	}
	if len(r.text) == 0 {
		return 0
	}
	return r.text[0]
}

// take reads a byte if it is the next.
func (r *jsonReader) take(c byte) bool {
	if r.peek() != c || len(r.text) == 0 {
		return false
	}
	r.text = r.text[1:]
	return true
}

// value reads a string or a whole number.
func (r *jsonReader) value() (jsonField, bool) {
	if r.peek() == '"' {
		text, ok := r.string()
		return jsonField{text: text, isText: true}, ok
	}
	n := 0
	for n < len(r.text) && (r.text[n] >= '0' && r.text[n] <= '9' || n == 0 && r.text[n] == '-') {
		n++
	}
	text := string(r.text[:n])
	r.text = r.text[n:]
	return jsonField{text: text}, n > 0
}

// string reads a string.
func (r *jsonReader) string() (string, bool) {
	if !r.take('"') {
		return "", false
	}
	var s []byte
	for len(r.text) > 0 {
		c := r.text[0]
		r.text = r.text[1:]
		switch {
		case c == '"':
			return string(s), true
		case c < ' ':
			return "", false
		case c != '\\':
			s = append(s, c)
		default:
			decoded, ok := r.escape()
			if !ok {
				return "", false
			}
			s = utf8.AppendRune(s, decoded)
		}
	}
	return "", false
}

// escape reads what follows a backslash.
func (r *jsonReader) escape() (rune, bool) {
	if len(r.text) == 0 {
		return 0, false
	}
	c := r.text[0]
	r.text = r.text[1:]
	switch c {
	case '"', '\\', '/':
		return rune(c), true
	case 'b':
		return '\b', true
	case 'f':
		return '\f', true
	case 'n':
		return '\n', true
	case 'r':
		return '\r', true
	case 't':
		return '\t', true
	case 'u':
		return r.codePoint()
	}
	return 0, false
}

// codePoint reads the digits of \u, and a second \u if the first is half of a
// surrogate pair. A lone half is refused.
func (r *jsonReader) codePoint() (rune, bool) {
	first, ok := r.unit()
	if !ok || !utf16.IsSurrogate(first) {
		return first, ok
	}
	if len(r.text) < 2 || r.text[0] != '\\' || r.text[1] != 'u' {
		return 0, false
	}
	r.text = r.text[2:]
	second, ok := r.unit()
	decoded := utf16.DecodeRune(first, second)
	return decoded, ok && decoded != utf8.RuneError
}

// unit reads the four hex digits of a UTF-16 code unit.
func (r *jsonReader) unit() (unit rune, ok bool) {
	if len(r.text) < 4 {
		return 0, false
	}
	for _, c := range r.text[:4] {
		digit, ok := hexDigit(c)
		if !ok {
			return 0, false
		}
		unit = unit<<4 | rune(digit)
	}
	r.text = r.text[4:]
	return unit, true
}
