package pages

import (
	"reflect"

	"keyferry/components/text"
)

// keyPhrases are the sentences about imported keys that scripts put together. FeedMade is
// "keys-feed-made".
func keyPhrases(words text.KeysPage) (all []namedPhrase) {
	fields := reflect.ValueOf(words)
	for i := range fields.NumField() {
		all = append(all, namedPhrase{"keys" + kebab(fields.Type().Field(i).Name), fields.Field(i).String()})
	}
	return all
}

// keyStates are the states of imported keys, in the order in which the list's filter offers them.
func keyStates(words text.KeysPage) []namedPhrase {
	return []namedPhrase{
		{"expired", words.Expired}, {"soon", words.Soon}, {"current", words.Current}, {"lasting", words.Lasting}, {"drill", words.DrillDue},
	}
}
