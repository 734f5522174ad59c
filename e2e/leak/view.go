package leak

import "sort"

// view is what peeling one layer off a content gave: pieces, with room between them so that no
// window spans two.
type view struct {
	bytes   []byte
	pieces  []piece
	digests [][32]byte // of large pieces that were packed
}

// piece is where a part of a view comes from.
type piece struct {
	at   int // in the view
	from int // in the content
}

// begin starts a piece that comes from a place of the content.
func (v *view) begin(from int) {
	v.pieces = append(v.pieces, piece{len(v.bytes), from})
}

// room is put between pieces. It is no part of a key: windows of so few different bytes are not
// searched for.
var room [Window]byte

// end closes the last piece, and drops it if it is too short to hold a window.
func (v *view) end() {
	last := v.pieces[len(v.pieces)-1]
	if len(v.bytes)-last.at < Window {
		v.bytes, v.pieces = v.bytes[:last.at], v.pieces[:len(v.pieces)-1]
		return
	}
	v.bytes = append(v.bytes, room[:]...)
}

// from is the place in the content that the piece at i of the view comes from.
func (v *view) from(i int) int {
	n := sort.Search(len(v.pieces), func(n int) bool { return v.pieces[n].at > i })
	if n == 0 {
		return 0
	}
	return v.pieces[n-1].from
}

// peels are the layers that are looked for, each with the function that removes it.
var peels = []struct {
	name   string
	peel   func(*look, []byte) view
	begins bool // whether each piece can begin with something packed, as a file does
	last   bool // whether no further layers are looked for below
}{
	{"hexadecimal", func(_ *look, content []byte) view { return peelHex(content) }, false, false},
	{"base64", (*look).peelBase64, false, false},
	{"base64", (*look).peelShifted, false, true},
	{"numbers", func(_ *look, content []byte) view { return peelNumbers(content) }, false, false},
	{"percent", func(_ *look, content []byte) view { return peelPercent(content) }, false, false},
	{"quoted-printable", func(_ *look, content []byte) view { return peelQuoted(content) }, false, false},
	{"backslashes", func(_ *look, content []byte) view { return peelBackslash(content) }, false, false},
	{"backslashes of text", func(_ *look, content []byte) view { return peelBackslashText(content) }, false, false},
	{"entities", func(_ *look, content []byte) view { return peelEntities(content) }, false, false},
	{"UTF-8", func(_ *look, content []byte) view { return peelUTF8(content) }, false, false},
	{"UTF-16", func(_ *look, content []byte) view { return peelUTF16(content) }, false, false},
	{"gzip", (*look).peelGzip, true, false},
	{"zlib", (*look).peelZlib, true, false},
	{"deflate", (*look).peelDeflate, true, false},
	{"brotli", (*look).peelBrotli, true, false},
	{"chunks", (*look).peelChunks, true, false},
}
