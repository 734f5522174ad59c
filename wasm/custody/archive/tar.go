package archive

import (
	"bytes"
	"io"
	"strconv"
	"strings"
)

// As much of tar as an archive needs (POSIX.1-1988, ustar). The standard library's archive/tar knows
// far more, and every kind of it would be in the module that people download.

const blockSize = 512

// A header has these fields, each with its place and length.
const (
	nameLength                  = 100
	modeAt, ownerAt, groupAt    = 100, 108, 116
	sizeAt, timeAt, sumAt       = 124, 136, 148
	typeAt, magicAt             = 156, 257
	prefixAt, prefixLength      = 345, 155
	idLength, longLength        = 8, 12
	sumLength                   = 8
	typeFile, typeOld, typeFast = '0', 0, '7'
	typeLong, typeMore          = 'L', 'x' // of GNU, and of POSIX.1-2001
)

// header fills an empty block with the header of a file that its owner alone may read.
func header(block []byte, name string, size, modified int64) {
	copy(block, name)
	octal(block[modeAt:modeAt+idLength], 0o600)
	octal(block[ownerAt:ownerAt+idLength], 0)
	octal(block[groupAt:groupAt+idLength], 0)
	octal(block[sizeAt:sizeAt+longLength], size)
	octal(block[timeAt:timeAt+longLength], modified)
	block[typeAt] = typeFile
	copy(block[magicAt:], "ustar\x0000")
	octal(block[sumAt:sumAt+sumLength-1], sum(block))
	block[sumAt+sumLength-1] = ' '
}

// octal fills a field with a number in octal digits and a zero byte.
func octal(field []byte, n int64) {
	for i := len(field) - 2; i >= 0; i-- {
		field[i] = byte('0' + n&7)
		n >>= 3
	}
	field[len(field)-1] = 0
}

// sum is the checksum of a header: of its bytes, with the checksum's own as blanks.
func sum(block []byte) (total int64) {
	for i, c := range block {
		if i >= sumAt && i < sumAt+sumLength {
			c = ' '
		}
		total += int64(c)
	}
	return total
}

// padding returns how many bytes are behind a file of this size, up to the end of its last block.
func padding(size int64) int64 { return -size & (blockSize - 1) }

// tarReader reads the files of a tar, one after the other.
type tarReader struct {
	from  io.Reader
	block [blockSize]byte
	begun bool
	left  int64 // bytes of the current file that were not read
	pad   int64 // bytes behind it
}

// next goes to the next regular file. Whatever a tar has besides is passed over. The end of a tar
// are two blocks of zeros; what follows them is read to the end of the file, because age vouches for
// a file's end as well.
func (t *tarReader) next() (name string, size int64, err error) {
	longer := "" // the name of the file that follows, where its header has no room for it
	for {
		if err := t.skip(t.left + t.pad); err != nil {
			return "", 0, err
		}
		t.left, t.pad = 0, 0
		if err := t.readBlock(); err != nil {
			return "", 0, err
		}
		if t.block == [blockSize]byte{} {
			return "", 0, t.end()
		}
		if stored, ok := number(t.block[sumAt : sumAt+sumLength]); !ok || stored != sum(t.block[:]) {
			return "", 0, t.broken()
		}
		t.begun = true
		size, ok := number(t.block[sizeAt : sizeAt+longLength])
		if !ok {
			return "", 0, CodeDamaged
		}
		t.left, t.pad = size, padding(size)
		switch t.block[typeAt] {
		case typeFile, typeOld, typeFast:
			if longer != "" {
				return longer, size, nil
			}
			return t.name(), size, nil
		case typeLong, typeMore:
			if longer, err = t.longName(t.block[typeAt]); err != nil {
				return "", 0, err
			}
		default:
			longer = ""
		}
	}
}

// name is that of the header, with its prefix if it is of the kind that has one.
func (t *tarReader) name() string {
	name := text(t.block[:nameLength])
	if string(t.block[magicAt:magicAt+6]) == "ustar\x00" {
		if prefix := text(t.block[prefixAt : prefixAt+prefixLength]); prefix != "" {
			return prefix + "/" + name
		}
	}
	return name
}

// longName reads a file that says more of the one that follows: in its whole, or in a record such as
// "12 path=...\n", which begins with its own length.
func (t *tarReader) longName(kind byte) (string, error) {
	if t.left > 64<<10 {
		return "", CodeDamaged
	}
	content := make([]byte, t.left)
	if err := t.read(content); err != nil || kind == typeLong {
		return text(content), err
	}
	for len(content) > 0 {
		digits, _, _ := strings.Cut(string(content), " ")
		length, err := strconv.Atoi(digits)
		if err != nil || length <= len(digits) || length > len(content) {
			return "", CodeDamaged
		}
		if path, ok := strings.CutPrefix(string(content[len(digits)+1:length]), "path="); ok {
			return strings.TrimSuffix(path, "\n"), nil
		}
		content = content[length:]
	}
	return "", nil
}

// read fills into with all of the current file.
func (t *tarReader) read(into []byte) error {
	if _, err := io.ReadFull(t.from, into); err != nil {
		return CodeDamaged
	}
	t.left -= int64(len(into))
	return nil
}

// pieces hands over the current file in pieces, each good until the next.
func (t *tarReader) pieces(take func([]byte) error) error {
	var piece [32 << 10]byte
	for t.left > 0 {
		part := piece[:min(t.left, int64(len(piece)))]
		if err := t.read(part); err != nil {
			return err
		}
		if err := take(part); err != nil {
			return err
		}
	}
	return nil
}

// skip passes over bytes. They go through the block, where the next header overwrites them: io.CopyN
// would be 7 KB of the module.
func (t *tarReader) skip(n int64) error {
	for n > 0 {
		part := t.block[:min(n, blockSize)]
		if _, err := io.ReadFull(t.from, part); err != nil {
			return CodeDamaged
		}
		n -= int64(len(part))
	}
	return nil
}

func (t *tarReader) readBlock() error {
	n, err := io.ReadFull(t.from, t.block[:])
	switch {
	case err == nil:
		return nil
	case n < blockSize && (err == io.EOF || err == io.ErrUnexpectedEOF):
		return t.broken() // a tar ends with zeros
	}
	return CodeDamaged
}

// broken says what is wrong where no header was found.
func (t *tarReader) broken() error {
	if t.begun {
		return CodeDamaged
	}
	return CodeNotArchive
}

func (t *tarReader) end() error {
	if !t.begun {
		return CodeNotArchive
	}
	for {
		switch _, err := t.from.Read(t.block[:]); {
		case err == io.EOF:
			return io.EOF
		case err != nil:
			return CodeDamaged
		}
	}
}

// number reads at most twelve octal digits, with blanks before them and blanks or zero bytes behind.
func number(field []byte) (n int64, ok bool) {
	for len(field) > 0 && field[0] == ' ' {
		field = field[1:]
	}
	for len(field) > 0 && (field[len(field)-1] == ' ' || field[len(field)-1] == 0) {
		field = field[:len(field)-1]
	}
	for _, c := range field {
		if c < '0' || c > '7' {
			return 0, false
		}
		n = n<<3 | int64(c-'0')
	}
	return n, len(field) > 0
}

// text is a field up to its first zero byte.
func text(field []byte) string {
	field, _, _ = bytes.Cut(field, []byte{0})
	return string(field)
}
