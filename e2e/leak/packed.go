package leak

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"crypto/sha256"
	"io"
	"net/http/httputil"

	"github.com/andybalholm/brotli"
)

// Bounds of unpacking: of one stream, and of all streams in one content together.
const (
	unpackLimit  = 32 << 20
	unpackBudget = 1 << 30
)

// unpack adds what a reader gives to a view, up to the first error: a stream that was cut off is
// searched as far as it goes.
func (l *look) unpack(v *view, from int, reader io.Reader) {
	limit := min(unpackLimit, l.budget)
	if limit <= 0 {
		return
	}
	v.begin(from)
	before := len(v.bytes)
	into := bytes.NewBuffer(v.bytes)
	io.Copy(into, io.LimitReader(reader, int64(limit)))
	v.bytes = into.Bytes()
	l.budget -= len(v.bytes) - before
	if unpacked := v.bytes[before:]; len(unpacked) >= large {
		digest := sha256.Sum256(unpacked)
		if layers, searched := l.search.clean.Load(digest); searched && layers.(int) <= len(l.layers)+1 {
			v.bytes, v.pieces = v.bytes[:before], v.pieces[:len(v.pieces)-1]
			return
		}
		v.digests = append(v.digests, digest)
	}
	v.end()
}

// large is from what size on the same content is not searched twice. A console sends the same module
// again and again.
const large = 64 << 10

// remember notes that nothing was found in a view, nor in anything that was packed in it.
func (l *look) remember(v view) {
	for _, digest := range v.digests {
		l.search.clean.Store(digest, len(l.layers))
	}
}

// peelGzip unpacks gzip wherever its first three bytes are.
func (l *look) peelGzip(content []byte) view {
	var v view
	for i := 0; ; i++ {
		next := bytes.Index(content[i:], []byte{0x1f, 0x8b, 0x08})
		if next < 0 {
			return v
		}
		i += next
		reader, err := gzip.NewReader(bytes.NewReader(content[i:]))
		if err != nil {
			continue
		}
		reader.Multistream(false)
		l.unpack(&v, i, reader)
	}
}

// peelZlib unpacks zlib, which HTTP calls deflate, wherever it has a header.
func (l *look) peelZlib(content []byte) view {
	var v view
	for i := 0; i+Window < len(content); i++ {
		next := bytes.IndexByte(content[i:], 0x78) // deflate with a window of 32 KiB
		if next < 0 || i+next+1 >= len(content) {
			return v
		}
		i += next
		if second := content[i+1]; (0x7800+int(second))%31 != 0 || second&0x20 != 0 {
			continue
		}
		reader, err := zlib.NewReader(bytes.NewReader(content[i:]))
		if err != nil {
			continue
		}
		l.unpack(&v, i, reader)
	}
	return v
}

// bodies are where something without a mark of its own can begin: at the beginning of the content,
// of what was unpacked, and of the body of an HTTP message.
func bodies(content []byte, known []piece) []int {
	starts := []int{0}
	for _, p := range known {
		starts = append(starts, p.at)
	}
	for i := 0; ; {
		next := bytes.Index(content[i:], []byte("\r\n\r\n"))
		if next < 0 || len(starts) == maxBodies {
			return starts
		}
		i += next + 4
		starts = append(starts, i)
	}
}

// maxBodies bounds the work on contents that consist of nothing but line breaks.
const maxBodies = 100_000

// peelDeflate unpacks deflate without a header.
func (l *look) peelDeflate(content []byte) view {
	var v view
	for _, i := range bodies(content, l.pieces) {
		l.unpack(&v, i, flate.NewReader(bytes.NewReader(content[i:])))
	}
	return v
}

// peelBrotli unpacks brotli, which has no header.
func (l *look) peelBrotli(content []byte) view {
	var v view
	for _, i := range bodies(content, l.pieces) {
		l.unpack(&v, i, brotli.NewReader(bytes.NewReader(content[i:])))
	}
	return v
}

// peelChunks joins the chunks of the body of an HTTP message.
func (l *look) peelChunks(content []byte) view {
	var v view
	for _, i := range bodies(content, l.pieces) {
		if i >= len(content) || nibbles[content[i]] == 0xff {
			continue
		}
		v.begin(i)
		into := bytes.NewBuffer(v.bytes)
		reader := httputil.NewChunkedReader(bufio.NewReader(bytes.NewReader(content[i:])))
		io.Copy(into, io.LimitReader(reader, unpackLimit))
		v.bytes = into.Bytes()
		v.end()
	}
	return v
}
