package reminders

import (
	"strconv"
	"strings"
	"time"

	"keyferry/components/text"
)

// Kind is what a notice is about.
type Kind string

const (
	Expiry Kind = "expiry" // imported key material expires
	Drill  Kind = "drill"  // a drill is due
	Agree  Kind = "agree"  // an approval is waited for
)

// Notice is what a message says, as it waits in the database and as a generic webhook gets it. It
// has nothing secret: no material, ciphertext, token, or link that opens anything by itself.
type Notice struct {
	Kind    Kind
	Region  string
	KeyID   string
	Label   string `json:",omitempty"`
	KCV     string `json:",omitempty"`
	Who     string `json:",omitempty"` // who holds the backup, or submitted
	Request string `json:",omitempty"` // id of the drill, or of what waits for approval
	Digest  string `json:",omitempty"` // of what waits for approval
	Due     time.Time
	Lead    int // days; 0 for an approval
	Link    string
}

// message is a notice in words.
type message struct{ subject, text string }

// inWords writes a notice in all languages of the configuration.
func (s *Service) inWords(n Notice) message {
	var subjects, texts []string
	for _, words := range s.config.Words {
		m := s.inLanguage(words, n)
		subjects, texts = append(subjects, m.subject), append(texts, m.text)
	}
	return message{plain.Replace(strings.Join(subjects, " / ")), plain.Replace(strings.Join(texts, "\n\n"))}
}

// plain takes away what keeps lines of a page from breaking.
var plain = strings.NewReplacer("\u00a0", " ", "\u2060", "")

func (s *Service) inLanguage(words *text.Catalogue, n Notice) message {
	w := words.Reminders
	fill := func(sentence string, more ...string) string {
		return text.Fill(sentence, append([]string{"cmk", n.KeyID, "region", n.Region, "time", s.moment(n.Due), "who", n.Who,
			"label", n.Label, "kcv", n.KCV, "link", n.Link, "console", s.config.BaseURL}, more...)...)
	}
	left := n.Due.Sub(s.now())
	var m message
	var lines []string
	switch n.Kind {
	case Expiry:
		about := w.Expiry
		if m.subject = fill(w.ExpirySubject, "left", timeLeft(w, left)); left <= 0 {
			m.subject, about = fill(w.Expired), w.ExpiryGone
		}
		lines = append(lines, fill(about))
		if n.Who != "" {
			lines = append(lines, fill(w.Holder))
		}
	case Drill:
		m.subject, lines = fill(w.DrillSubject), append(lines, fill(w.Drill))
	case Agree:
		m.subject, lines = fill(w.AgreeSubject), append(lines, fill(w.Agree))
	}
	if n.Label != "" {
		lines = append(lines, fill(w.Label))
	}
	if n.KCV != "" {
		lines = append(lines, fill(w.KCV))
	}
	act := map[Kind]string{Expiry: w.ExpiryDo, Drill: w.DrillDo, Agree: w.AgreeDo}[n.Kind]
	m.text = strings.Join(append(lines, fill(act), fill(w.Why)), "\n")
	return m
}

// timeLeft says how much time is left, in whole days that have begun.
func timeLeft(w text.Reminders, left time.Duration) string {
	days := int((left + day - 1) / day)
	if days <= 1 {
		return w.Day
	}
	return text.Fill(w.Days, "days", strconv.Itoa(days))
}

// moment is a time in UTC, and in the operator's zone.
func (s *Service) moment(t time.Time) string {
	utc := t.UTC().Format("2006-01-02 15:04") + " UTC"
	if s.config.Zone == nil {
		return utc
	}
	return t.In(s.config.Zone).Format("2006-01-02 15:04 MST") + " (" + utc + ")"
}

// link is the address of a page of the console.
func (s *Service) link(path string) string { return strings.TrimSuffix(s.config.BaseURL, "/") + path }
