package keywrap

// The tags that occur in a SubjectPublicKeyInfo and in what is mistaken for one
// (ITU-T X.690, section 8.1.2).
const (
	tagInteger     = 0x02
	tagBitString   = 0x03
	tagOctetString = 0x04
	tagNull        = 0x05
	tagOID         = 0x06
	tagSequence    = 0x30
)

// der is a run of DER values not yet read. Reading takes from the front.
//
// The reader is strict, so that a key has exactly one encoding and its
// fingerprint one value: lengths are definite and minimal (X.690, section 10.1),
// and integers have no needless leading byte (section 8.3.2).
type der []byte

// next returns the tag of the next value, or zero at the end.
func (d der) next() byte {
	if len(d) == 0 {
		return 0
	}
	return d[0]
}

// value reads one value of the given tag and returns its contents.
func (d *der) value(tag byte) (contents der, ok bool) {
	if len(*d) < 2 || (*d)[0] != tag {
		return nil, false
	}
	size, rest := int((*d)[1]), (*d)[2:]
	if size >= 0x80 {
		// Two length bytes reach 65535, more than maxInputSize admits.
		count := size - 0x80
		if count < 1 || count > 2 || len(rest) < count {
			return nil, false
		}
		size = 0
		for _, b := range rest[:count] {
			size = size<<8 | int(b)
		}
		if size < 0x80 || count == 2 && size < 0x100 {
			return nil, false
		}
		rest = rest[count:]
	}
	if len(rest) < size {
		return nil, false
	}
	*d = rest[size:]
	return rest[:size], true
}

// natural reads an INTEGER that is not negative and returns its magnitude, big
// endian and without a leading zero byte; zero is the empty slice.
func (d *der) natural() (magnitude []byte, ok bool) {
	contents, ok := d.value(tagInteger)
	if !ok || len(contents) == 0 || contents[0] >= 0x80 {
		return nil, false
	}
	if contents[0] == 0 {
		if len(contents) > 1 && contents[1] < 0x80 {
			return nil, false
		}
		return contents[1:], true
	}
	return contents, true
}
