package signin

import (
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"keyferry/server/person"
	"keyferry/server/store"
)

// remember returns the id of a person of the directory, and makes one at the first sign-in. The id
// says nothing about the person.
func remember(tx *store.Tx, issuer, subject string, p person.Person, now time.Time) (id string, err error) {
	groups, err := json.Marshal(p.Groups)
	if err != nil {
		return "", err
	}
	err = tx.QueryRow("SELECT id FROM signin_people WHERE issuer = ? AND subject = ?", issuer, subject).Scan(&id)
	switch {
	case err == nil:
		_, err = tx.Exec("UPDATE signin_people SET name = ?, email = ?, at = ?, in_groups = ? WHERE id = ?", p.Name, p.Email, now.UnixMicro(), string(groups), id)
	case errors.Is(err, sql.ErrNoRows):
		id = rand.Text()
		_, err = tx.Exec("INSERT INTO signin_people (id, issuer, subject, name, email, at, in_groups) VALUES (?, ?, ?, ?, ?, ?, ?)",
			id, issuer, subject, p.Name, p.Email, now.UnixMicro(), string(groups))
	}
	return id, err
}

// The provider's texts are shown to other people, so they are cut to what fits on a line.
const (
	maxName   = 200
	maxGroup  = 256
	maxGroups = 20_000
)

// oneLine is a name without control characters and marks that turn the direction of writing.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			return -1
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > maxName {
		text = string(runes[:maxName])
	}
	return text
}

// oneWord reports whether text is a name as the ledger has it: letters, digits and some signs.
func oneWord(text string) bool {
	return text != "" && len(text) <= 128 && !strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._:-/@", r)
	})
}

// groupNames reads the value of the groups claim: a list of names, one name, or an object whose
// fields are the names. Names are compared letter by letter, so none is changed.
func groupNames(value any) []string {
	var groups []string
	add := func(value any) {
		name, ok := value.(string)
		if ok && name != "" && len(name) <= maxGroup && !strings.ContainsFunc(name, unicode.IsControl) && len(groups) < maxGroups {
			groups = append(groups, name)
		}
	}
	switch value := value.(type) {
	case string:
		add(value)
	case []any:
		for _, item := range value {
			add(item)
		}
	case map[string]any:
		for name := range value {
			add(name)
		}
	}
	slices.Sort(groups)
	return slices.Compact(groups)
}

// claim finds a claim by its name, or by its path, such as realm_access.roles.
func claim(claims map[string]any, name string) (any, bool) {
	if value, ok := claims[name]; ok {
		return value, true
	}
	first, rest, nested := strings.Cut(name, ".")
	inner, ok := claims[first].(map[string]any)
	if !nested || !ok {
		return nil, false
	}
	return claim(inner, rest)
}
