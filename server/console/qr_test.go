package console

import (
	"fmt"
	"strings"
	"testing"

	"github.com/boombuler/barcode/qr"
)

// The path that a page draws has the modules of the code and a quiet zone, and what is too long has
// none.
func TestQRPath(t *testing.T) {
	for _, length := range []int{1, 450, 1200, mostInQR} {
		text := strings.Repeat("a", length)
		shown := qrOf(text)
		if shown == nil {
			t.Fatalf("%d bytes have no code", length)
		}
		code, err := qr.Encode(text, qr.L, qr.Auto)
		if err != nil {
			t.Fatal(err)
		}
		drawn := map[[2]int]bool{}
		for _, run := range strings.Split(strings.TrimSuffix(shown.Path, "z"), "z") {
			var x, y, width, back int
			if _, err := fmt.Sscanf(run, "M%d %dh%dv1h-%d", &x, &y, &width, &back); err != nil || back != width || width < 1 {
				t.Fatalf("the path has %q: %v", run, err)
			}
			for i := range width {
				drawn[[2]int{x + i, y}] = true
			}
		}
		size := code.Bounds().Dx()
		if shown.Size != size+8 {
			t.Errorf("%d modules with a margin are %d", size, shown.Size)
		}
		for y := range shown.Size {
			for x := range shown.Size {
				dark := false
				if mx, my := x-4, y-4; mx >= 0 && my >= 0 && mx < size && my < size {
					red, _, _, _ := code.At(mx, my).RGBA()
					dark = red == 0
				}
				if drawn[[2]int{x, y}] != dark {
					t.Fatalf("%d bytes: module %d, %d is drawn: %v", length, x, y, !dark)
				}
			}
		}
	}
	if qrOf(strings.Repeat("a", mostInQR+100)) != nil {
		t.Error("a text that is too long has a code")
	}
}
