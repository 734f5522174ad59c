package account

import (
	"html"
	"math"
	"regexp"
	"strconv"
	"strings"

	"keyferry/components/text"
)

// examination is how far one was at a moment of a page.
type examination struct {
	page, at, from float64 // when the worker was told to begin, in milliseconds like at
	part           float64
}

// remaining is what a page says of an examination while it goes on: how much is done, and how long the
// rest takes, judged by how long it took so far.
type remaining struct {
	shown   string
	page    float64
	at      float64
	percent int
	seconds int // or minutes, from 90 seconds on
	minutes bool
}

// remains reads such a sentence.
func (ac *account) remains(shown string, r report) (said remaining, is bool) {
	words := text.Match(ac.Given.Language)
	said = remaining{shown: shown, page: r.Page, at: r.At}
	for i, unit := range []string{words.Phrases.Seconds, words.Phrases.Minutes} {
		sentence := regexp.QuoteMeta(html.UnescapeString(text.Fill(words.Material.Examining, "left", unit)))
		found := regexp.MustCompile("^" + hole.ReplaceAllString(sentence, `(\d{1,3})`) + "$").FindStringSubmatch(html.UnescapeString(shown))
		if len(found) == 3 {
			said.percent, _ = strconv.Atoi(found[1])
			said.seconds, _ = strconv.Atoi(found[2])
			said.minutes = i == 1
			return said, true
		}
	}
	return said, false
}

// isPart holds for the value of a progress bar: what the worker told last.
func (ac *account) isPart(shown string, r report) bool {
	value, is := strings.CutPrefix(shown, "value=")
	part, err := strconv.ParseFloat(value, 64)
	if !is || err != nil {
		return false
	}
	for _, one := range ac.examinations {
		if one.page == r.Page && one.at <= r.At && one.part == part {
			return true
		}
	}
	return false
}

// The page looks at its clock once before it tells the worker to begin, and after each message from it:
// how much earlier and how much later than the account sees the messages, in milliseconds.
const (
	earliest = 250
	step     = 5
	latest   = 30
)

// examining checks the seconds that a page named: there is one moment from which it measures, and with
// it each sentence must fit a message of the worker's.
func (ac *account) examining(all []remaining) {
	if len(all) == 0 {
		return
	}
	var best []remaining
	room := math.Inf(1)
	for earlier := 0.0; earlier <= earliest; earlier += step {
		var others []remaining
		bits := log2(earliest/step + 1)
		for _, said := range all {
			if n := ac.fits(said, earlier); n > 0 {
				bits += log2(n)
			} else {
				others = append(others, said)
			}
		}
		if math.IsInf(room, 1) || len(others) < len(best) {
			best, room = others, bits
		}
	}
	ac.bits["seconds for a moment"] += room
	for _, said := range best {
		ac.leave("document", "for a moment it showed %.200q", said.shown)
	}
}

// fits returns how many numbers would fit a message of the worker's that came before the sentence; 0 if
// the sentence has none of them.
func (ac *account) fits(said remaining, earlier float64) float64 {
	for _, one := range ac.examinations {
		if one.page != said.page || one.at > said.at || int(one.part*100) != said.percent {
			continue
		}
		left := func(later float64) float64 {
			return math.Ceil((one.at - one.from + earlier + later) / 1000 * (1 - one.part) / one.part)
		}
		least, most := left(0), left(latest)
		for seconds := least; seconds <= most; seconds++ {
			if seconds > 90 && said.minutes && math.Ceil(seconds/60) == float64(said.seconds) || seconds <= 90 && !said.minutes && seconds == float64(said.seconds) {
				return most - least + 1
			}
		}
	}
	return 0
}
