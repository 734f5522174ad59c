package console

import (
	"fmt"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// mostInQR is the longest text, in bytes, that a QR code of the largest version holds.
const mostInQR = 2900

// shownQR is a QR code that a page draws: the path of its dark modules in a square of Size units,
// with the quiet zone of four modules that readers need. A page may load no picture but its own, so
// it gets no picture.
type shownQR struct {
	Size int
	Path string // of an SVG path
}

const quietZone = 4

// qrOf returns the QR code of a text, or nil if it is too long for one.
func qrOf(text string) *shownQR {
	if len(text) > mostInQR {
		return nil
	}
	code, err := qr.Encode(text, qr.L, qr.Auto)
	if err != nil {
		return nil
	}
	size := code.Bounds().Dx()
	dark := func(x, y int) bool {
		if x == size {
			return false
		}
		red, _, _, _ := code.At(x, y).RGBA()
		return red == 0
	}
	var path strings.Builder
	for y := range size {
		for x := 0; x < size; x++ {
			begin := x
			for dark(x, y) {
				x++
			}
			if x > begin {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", begin+quietZone, y+quietZone, x-begin, x-begin)
			}
		}
	}
	return &shownQR{size + 2*quietZone, path.String()}
}
