package backup

import (
	"testing"
	"time"
)

func TestWorkFactorFor(t *testing.T) {
	for _, test := range []struct {
		taken time.Duration
		want  int
	}{
		{0, 18},
		{time.Millisecond, 18},
		{40 * time.Millisecond, 18},  // 640 ms
		{80 * time.Millisecond, 18},  // 1.28 s
		{90 * time.Millisecond, 17},  // 720 ms
		{110 * time.Millisecond, 17}, // 880 ms
		{200 * time.Millisecond, 16}, // 800 ms
		{350 * time.Millisecond, 15}, // 700 ms, the last that is not doubled
		{500 * time.Millisecond, 15}, // 1 s
		{time.Second, 15},            // 2 s, but never below
		{time.Minute, 15},
	} {
		if got := workFactorFor(test.taken); got != test.want {
			t.Errorf("%v: %d, want %d", test.taken, got, test.want)
		}
	}
}

func TestChooseWorkFactor(t *testing.T) {
	factor, err := ChooseWorkFactor()
	if err != nil || factor < MinWorkFactor || factor > maxChosen {
		t.Errorf("%d, %v", factor, err)
	}
	t.Logf("work factor %d on this machine", factor)
}
