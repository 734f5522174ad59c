package requests

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"keyferry/server/kms"
	"keyferry/server/person"
)

// Bounds of what a requester may write.
const (
	maxLabel    = 128 // bytes
	maxNote     = 2000
	maxReason   = 1000
	maxDays     = 3650
	maxDeadline = 366 * 24 * time.Hour
)

var (
	emails = regexp.MustCompile(`^[^\s@]{1,64}@[^\s@]{1,190}$`)
	people = regexp.MustCompile(`^[0-9A-Za-z:_.-]{1,64}$`)
)

// check returns the name of the first term that cannot be; empty means that all are good.
func (t *Terms) check(served func(region string) bool, now time.Time) (field string) {
	switch {
	case !served(t.Region):
		return "Region"
	case !kms.KeyIDs.MatchString(t.KeyID):
		return "KeyID"
	case !oneLine(t.Label, maxLabel):
		return "Label"
	case !text(t.Note, maxNote):
		return "Note"
	case !t.algorithmsKnown():
		return "Algorithms"
	case !t.importerKnown():
		return "ImporterID"
	case !t.expiryKnown():
		return "Expiry"
	case !t.Deadline.After(now) || t.Deadline.After(now.Add(maxDeadline)):
		return "Deadline"
	case t.Commitment != "" && !kms.Digests.MatchString(t.Commitment):
		return "Commitment"
	}
	return ""
}

func (t *Terms) algorithmsKnown() bool {
	for i, name := range t.Algorithms {
		if !slices.Contains(kms.WrappingAlgorithms, name) || slices.Contains(t.Algorithms[:i], name) {
			return false
		}
	}
	return len(t.Algorithms) > 0
}

func (t *Terms) importerKnown() bool {
	switch t.Importer {
	case ByPerson:
		return emails.MatchString(t.ImporterID) || people.MatchString(t.ImporterID)
	case ByGroup:
		return t.ImporterID != "" && oneLine(t.ImporterID, 256)
	case ByLink:
		return t.ImporterID == ""
	}
	return false
}

func (t *Terms) expiryKnown() bool {
	switch t.Expiry {
	case ExpiryAny, ExpiryNever, ExpiryRequired:
		return t.ExpiryDays == 0
	case ExpiryWithin:
		return t.ExpiryDays >= 1 && t.ExpiryDays <= maxDays
	}
	return false
}

// allowsExpiry reports whether the material may expire at a time in Unix seconds; 0 means never.
func (t *Terms) allowsExpiry(unix int64, now time.Time) bool {
	if unix != 0 && unix <= now.Unix() {
		return false
	}
	switch t.Expiry {
	case ExpiryNever:
		return unix == 0
	case ExpiryRequired:
		return unix != 0
	case ExpiryWithin:
		return unix != 0 && unix <= now.AddDate(0, 0, t.ExpiryDays).Unix()
	}
	return true
}

// expiryRule returns the rule of expiry for a person to read, such as within:365.
func (t *Terms) expiryRule() string {
	if t.Expiry == ExpiryWithin {
		return string(t.Expiry) + ":" + strconv.Itoa(t.ExpiryDays)
	}
	return string(t.Expiry)
}

// mayImport reports whether the terms name this person as importer.
func (r *Request) mayImport(p person.Person) bool {
	if p.Kind == person.Guest {
		return r.Terms.Importer == ByLink && p.Request == r.ID
	}
	switch r.Terms.Importer {
	case ByPerson:
		return r.ImporterID == p.ID || p.Email != "" && strings.EqualFold(r.ImporterID, p.Email)
	case ByGroup:
		return slices.Contains(p.Groups, r.ImporterID)
	}
	return false
}

// oneLine reports whether text has no control characters, line breaks among them, and fits.
func oneLine(s string, limit int) bool {
	return len(s) <= limit && utf8.ValidString(s) && strings.IndexFunc(s, unicode.IsControl) < 0
}

// text is oneLine that allows line feeds and tabs.
func text(s string, limit int) bool {
	return len(s) <= limit && utf8.ValidString(s) &&
		strings.IndexFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) < 0
}
