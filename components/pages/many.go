package pages

import (
	"reflect"

	"keyferry/components/text"
)

// manySentences are the sentences about many keys that a script puts together: LeaveOut is
// "many-leave-out".
func manySentences(words text.Many) []namedPhrase {
	fields := reflect.ValueOf(words.Phrases)
	var all []namedPhrase
	for i := range fields.NumField() {
		all = append(all, namedPhrase{"many" + kebab(fields.Type().Field(i).Name), fields.Field(i).String()})
	}
	return all
}
