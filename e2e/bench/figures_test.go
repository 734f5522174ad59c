package main

import (
	"strings"
	"testing"
	"time"
)

func TestDurationsAt(t *testing.T) {
	var d durations
	for n := 100; n > 0; n-- {
		d = append(d, time.Duration(n)*time.Millisecond)
	}
	for share, want := range map[float64]time.Duration{0.5: 50, 0.99: 99, 1: 100, 0: 1} {
		if got := d.at(share); got != want*time.Millisecond {
			t.Errorf("at(%v) = %v, want %v ms", share, got, int(want))
		}
	}
	if got := (durations{}).at(0.5); got != 0 {
		t.Errorf("the median of nothing is %v", got)
	}
}

// A caller that waits to the end must not make the others' times look better than they are.
func TestLoadP99(t *testing.T) {
	answered := make(durations, 50)
	for i := range answered {
		answered[i] = time.Millisecond
	}
	for _, test := range []struct {
		name    string
		waiting durations
		want    string
	}{
		{"all answered", nil, "1.00 ms"},
		{"many waiting", durations{4 * time.Second, 4 * time.Second}, "≥ 4.00 s"},
	} {
		if got := (&load{answered: answered, waiting: test.waiting}).p99(); got != test.want {
			t.Errorf("%s: p99 = %s, want %s", test.name, got, test.want)
		}
	}
}

func TestFigures(t *testing.T) {
	for got, want := range map[string]string{
		short(1234 * time.Microsecond): "1.23 ms",
		short(170 * time.Millisecond):  "170 ms",
		short(3200 * time.Millisecond): "3.20 s",
		perSecond(31.04):               "31.0/s",
		perSecond(999.7):               "1,000/s",
		perSecond(40_090):              "40,090/s",
		times(3, 2):                    "1.50×",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := median([]float64{9, 1, 3}); got != 3 {
		t.Errorf("the median of 1, 3, 9 is %v", got)
	}
	if got := median([]float64{4, 2}); got != 3 {
		t.Errorf("the median of 2, 4 is %v", got)
	}
}

func TestTable(t *testing.T) {
	var made results
	made.insert(sectionListing, row{what: "slow", value: "2"}.aim("≤ 1", 2, 1))
	made.insert(sectionBrowser, row{what: "fast", value: "3×"}.aimFor("≥ 2×", 3, 2), row{what: "bare"})
	text := made.String()
	for _, want := range []string{
		"| fast | 3×    | –             | –     | ≥ 2× | yes        |\n| bare | –     | –             | –     | –    | –          |\n| slow | 2     | –             | –     | ≤ 1  | **MISSED** |",
		"**1 OF 2 GOALS MISSED: slow.**",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the table lacks %q:\n%s", want, text)
		}
	}
	if text := (&results{rows: []row{row{what: "fast"}.aim("≤ 2", 1, 2)}}).String(); !strings.Contains(text, "All 1 goals are met.") {
		t.Errorf("the table does not say that its goal is met:\n%s", text)
	}
}
