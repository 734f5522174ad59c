package account

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"keyferry/components/text"
)

// document compares the page at the end with that of another run of the same flow, which had other
// keys, other parameters and other times: once each value that is predicted is replaced by its
// name, they are the same, letter by letter.
func (ac *account) document(like *account) {
	if len(ac.Moments) == 0 || len(like.Moments) == 0 {
		ac.leave("document", "it was not looked at")
		return
	}
	last, other := ac.Moments[len(ac.Moments)-1], like.Moments[len(like.Moments)-1]
	if got, want := ac.plain(last.Page), like.plain(other.Page); got != want {
		ac.leave("document", "%s", unlikeAt(got, want))
	}
	if got, want := ac.plain(last.Rest), like.plain(other.Rest); got != want {
		ac.leave("page's state", "%s", unlikeAt(got, want))
	}
	if got, want := strings.Join(ac.shapes, "\n"), strings.Join(like.shapes, "\n"); got != want {
		ac.leave("worker messages", "their fields are %s", unlikeAt(got, want))
	}
	ac.shownLike(like)
	ac.answersLike(like)
	// The other run's key was another one, so its examination cannot tell of this one.
	if ac.bits["worker messages"] = 0; ac.whole != like.whole {
		ac.leave("worker messages", "an examination has %v pieces, and in another run %v", ac.whole, like.whole)
	}
}

// shownLike compares what the page showed at any moment with the other run. Only how far an examination
// is differs, and how long something takes.
func (ac *account) shownLike(like *account) {
	known, waits := map[string]bool{}, map[string]bool{}
	for _, text := range like.told("shown") {
		known[like.plain(text)] = true
	}
	for _, sentence := range waitsFor.FindAllStringSubmatch(like.Moments[len(like.Moments)-1].Page, -1) {
		waits[html.UnescapeString(sentence[1])] = true
	}
	ac.bits["seconds for a moment"] = 0
	var examining []remaining
	for _, r := range ac.Reports {
		var shown string
		if r.Kind != "shown" || json.Unmarshal(r.Value, &shown) != nil {
			continue
		}
		plain := ac.plain(shown)
		switch {
		case known[plain], ac.isPart(shown, r), ac.tellsTime(shown):
		case waits[shown]: // which shows where something takes long
			ac.bits["seconds for a moment"]++
		default:
			if said, is := ac.remains(shown, r); is {
				examining = append(examining, said)
				continue
			}
			ac.leave("document", "for a moment it showed %.200q", plain)
		}
	}
	ac.examining(examining)
}

// tellsTime holds for what the page says while somebody waits for the console, the seconds so far, and
// of how long a token is still good.
func (ac *account) tellsTime(shown string) bool {
	words := text.Match(ac.Given.Language).Phrases
	if !isPhrase(words.WaitSeconds, shown) && !isPhrase(words.ValidFor, shown) {
		return false
	}
	ac.bits["seconds for a moment"] += log2(ac.Ended.Sub(ac.Began).Seconds() + 1)
	return true
}

// waitsFor are the sentences that a page has for what takes long.
var waitsFor = regexp.MustCompile(`data-fill="waiting" data-text="([^"]*)"`)

// secretsGone checks that nothing of what was typed as a secret is shown, and that nothing of it or of
// what was offered as one is on the page once the task is done.
func (ac *account) secretsGone() {
	for _, shown := range ac.told("shown") {
		for _, secret := range ac.typed() {
			// A passphrase of the person's own is shown once it was accepted.
			if strings.Contains(shown, secret) && shown != "value="+secret && (shown != secret || secret != ac.Given.Typed) {
				ac.leave("document", "for a moment it showed a secret of %d characters", len(secret))
			}
		}
	}
	if !ac.Given.Receipt || len(ac.Moments) == 0 {
		return
	}
	last := ac.Moments[len(ac.Moments)-1]
	for _, secret := range append(ac.typed(), ac.offeredPassphrase) {
		if secret != "" && (strings.Contains(last.Page, secret) || strings.Contains(last.Rest, secret)) {
			ac.leave("document", "a secret of %d characters is still there", len(secret))
		}
	}
}

// typed are the secrets that the person typed, which the page is to show nowhere.
func (ac *account) typed() []string {
	secrets := append([]string{ac.Given.Typed, ac.Given.Secret, ac.Given.Proof}, ac.Given.Components...)
	return slices.DeleteFunc(secrets, func(secret string) bool { return secret == "" })
}

// unlikeAt shows where two texts begin to differ.
func unlikeAt(got, want string) string {
	at := 0
	for at < len(got) && at < len(want) && got[at] == want[at] {
		at++
	}
	from := max(0, at-80)
	return fmt.Sprintf("%q, and in another run %q", got[from:min(len(got), at+100)], want[from:min(len(want), at+100)])
}

var (
	// grouped are the digits of a digest, in groups that do not break across lines.
	grouped  = regexp.MustCompile(`<span>[0-9A-Za-z-]{1,6}</span>(<span>[0-9A-Za-z-]{1,6}</span>)+`)
	clock    = regexp.MustCompile(`(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d`)
	waiting  = regexp.MustCompile(`(data-fill="waiting" data-text="([^"]*)">)([^<]*)<`)
	waited   = regexp.MustCompile(`(data-fill="waited">)([^<]*)<`)
	decimals = regexp.MustCompile(`\d+\.\d\d`)
	hole     = regexp.MustCompile(`\\\{\w+\\\}`)
)

// plain is a page with names in place of what is predicted, and of times.
func (ac *account) plain(page string) string {
	page = grouped.ReplaceAllStringFunc(page, func(groups string) string {
		return strings.NewReplacer("<span>", "", "</span>", "").Replace(groups)
	})
	names := ac.names()
	values := slices.SortedFunc(maps.Keys(names), func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) })
	for _, value := range values {
		page = strings.ReplaceAll(page, value, "«"+names[value]+"»")
	}
	page = ac.plainWaiting(strings.ReplaceAll(page, "\u00a0", "&nbsp;"))
	times := map[string]bool{}
	page = clock.ReplaceAllStringFunc(page, func(got string) string {
		if !ac.during(got) {
			return got // and differs from the other run's
		}
		if !ac.counted(got) {
			times[got] = true
		}
		return "«time»"
	})
	ac.bits["times in the document"] = max(ac.bits["times in the document"], float64(len(times))*ac.seconds())
	return page
}

// plainWaiting puts names in place of what the lines of waiting forms say, and of how long a worker
// lived.
func (ac *account) plainWaiting(page string) string {
	words := text.Match(ac.Given.Language).Phrases
	measured := 0.0
	page = waiting.ReplaceAllStringFunc(page, func(found string) string {
		parts := waiting.FindStringSubmatch(found)
		bits, may := ac.mayWait(parts[2], parts[3])
		if measured += bits; !may {
			return found
		}
		return parts[1] + "«progress»<"
	})
	tenths := log2(10 * ac.Ended.Sub(ac.Began).Seconds())
	page = waited.ReplaceAllStringFunc(page, func(found string) string {
		parts := waited.FindStringSubmatch(found)
		switch {
		case parts[2] == "":
		case isPhrase(words.WaitSeconds, parts[2]):
			measured += tenths
		default:
			return found
		}
		return parts[1] + "«waited»<"
	})
	for _, phrase := range []string{words.Prepared, words.PreparedElsewhere} {
		_, after, _ := strings.Cut(strings.ReplaceAll(phrase, "\u00a0", "&nbsp;"), "{kcv}")
		page = phraseForm(after).ReplaceAllStringFunc(page, func(found string) string {
			seconds, err := strconv.ParseFloat(decimals.FindString(found), 64)
			if late := seconds - ac.lived; err != nil || late < -0.02 || late > 0.5 {
				return found
			}
			measured += log2(53)
			return after
		})
	}
	ac.bits["seconds in the document"] = max(ac.bits["seconds in the document"], measured)
	return page
}

// mayWait holds for what a form may say while it waits, and tells how much that can carry. Where an
// examination came to its end, what the page says of it is known.
func (ac *account) mayWait(before, now string) (bits float64, may bool) {
	words := text.Match(ac.Given.Language).Phrases
	now = html.UnescapeString(now)
	if now == html.UnescapeString(before) || now == text.Match(ac.Given.Language).Material.Alive {
		return 1, true
	}
	if ac.examined {
		left := text.Fill(words.Seconds, "seconds", "0")
		return 0, now == text.Fill(text.Match(ac.Given.Language).Material.Examining, "percent", "100", "left", left)
	}
	return log2(101 * 100), isPhrase(text.Fill(text.Match(ac.Given.Language).Material.Examining, "left", words.Seconds), now) || isPhrase(text.Fill(text.Match(ac.Given.Language).Material.Examining, "left", words.Minutes), now)
}

// isPhrase holds for a sentence whose holes are filled with numbers.
func isPhrase(sentence, got string) bool {
	return phraseForm(sentence).FindString(html.UnescapeString(got)) == html.UnescapeString(got)
}

// phraseForm matches a sentence with numbers in its holes.
func phraseForm(sentence string) *regexp.Regexp {
	return regexp.MustCompile(hole.ReplaceAllString(regexp.QuoteMeta(sentence), `\d{1,4}(?:\.\d{1,2})?`))
}

// during holds for a time of the flow.
func (ac *account) during(got string) bool {
	form := time.TimeOnly
	if len(got) > len(form) {
		form = time.DateTime
	}
	for _, zone := range []*time.Location{time.UTC, time.Local} {
		for at := ac.Began.Add(-3 * time.Second); at.Before(ac.Ended.Add(3 * time.Second)); at = at.Add(time.Second) {
			if at.In(zone).Format(form) == got {
				return true
			}
		}
	}
	return false
}

// counted holds for a time that was taken into account in another place.
func (ac *account) counted(got string) bool {
	return slices.ContainsFunc(ac.moments, func(moment string) bool { return strings.HasSuffix(moment, got) }) ||
		slices.ContainsFunc(ac.Panel, func(e entry) bool { return e.Time == got })
}

// names are the values that are predicted, and what each is.
func (ac *account) names() map[string]string {
	names := map[string]string{}
	name := func(what string, values ...string) {
		for _, value := range values {
			if value != "" {
				names[value] = what
				names[html.EscapeString(value)] = what
				names[inJSON(value)] = what
			}
		}
	}
	name("address", ac.Address, ac.Given.last())
	name("CMK", ac.Given.CMK)
	name("passphrase", ac.offeredPassphrase, ac.Given.Typed)
	name("identity", ac.Given.Secret, ac.Given.Proof)
	name("recipients", ac.Given.Recipients)
	name("parameters", ac.Given.Pasted)
	for what, value := range ac.Given.Identity {
		name(what, value)
	}
	name("token's digest", digestOf([]byte(ac.parameters.ImportToken)))
	if until, err := time.Parse(time.RFC3339, ac.parameters.TokenExpireTime); err == nil {
		name("token's end", until.UTC().Format(time.DateTime), until.Local().Format(time.DateTime))
	}
	if expires := time.Unix(ac.Given.Expires, 0); ac.Given.Expires > 0 {
		name("expiry", fmt.Sprint(ac.Given.Expires), expires.UTC().Format("2006-01-02 15:04"), expires.Local().Format("2006-01-02 15:04"), expires.Local().Format("2006-01-02T15:04"))
	}
	if p := ac.prepared; p != nil {
		name("KCV", p.KCV, inFours(p.KCV))
		name("commitment", p.Commitment)
		name("salt", p.Salt)
		name("wrapping key", p.Fingerprint)
		name("ciphertext", p.EncryptedKeyMaterial)
		name("ciphertext's digest", p.SHA256)
		name("ciphertext as text", digestOf([]byte(p.EncryptedKeyMaterial)))
		name("backup's digest", p.BackupSHA256)
		name("backup's name", p.BackupFile)
	}
	ac.namesOfEach(name)
	if print := ac.fingerprint(); print != "" {
		name("wrapping key", print)
		name("wrapping key's id", print[:8]) // in the commands for an HSM
	}
	name("receipt's digest", digestOf(ac.receipt))
	name("receipt's name", ac.receiptAs)
	for i, one := range ac.offerings() {
		name(fmt.Sprintf("file %d", i), one.Address)
	}
	for i, c := range ac.Calls {
		name(fmt.Sprintf("request id %d", i), requestID(c.Answer))
	}
	for i, a := range ac.Arrivals {
		name(fmt.Sprintf("console's request id %d", i), consoleID(a.Answer))
	}
	return names
}

// fingerprint is that of the wrapping key.
func (ac *account) fingerprint() string {
	der, _ := base64.StdEncoding.DecodeString(ac.parameters.PublicKey)
	return digestOf(der)
}

func digestOf(content []byte) string {
	if len(content) == 0 {
		return ""
	}
	return fmt.Sprintf("%x", sha256.Sum256(content))
}

// requestID and consoleID are the ids in an answer of the KMS and of the console.
func requestID(answer []byte) string {
	var fields struct{ RequestId string }
	json.Unmarshal(answer, &fields)
	return fields.RequestId
}

func consoleID(answer []byte) string {
	var fields struct{ ConsoleRequestId string }
	json.Unmarshal(answer, &fields)
	return fields.ConsoleRequestId
}

// inJSON is a text as it is written between quotation marks.
func inJSON(value string) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // any text can be written
	}
	return strings.Trim(string(text), `"`)
}
