package text

import (
	"reflect"
	"regexp"
)

// unit is a blank between a figure and its unit: no line may end there.
var unit = regexp.MustCompile(`([0-9}]) (h|min|s|ms|bytes|bits|characters|days|KB|MB|小时|分钟|秒|字节|天|位|个)([^A-Za-z]|$)`)

// bound is a sentence whose figures stay on one line with their units.
func bound(sentence string) string { return unit.ReplaceAllString(sentence, "$1\u00a0$2$3") }

func init() {
	for _, words := range Languages {
		bind(reflect.ValueOf(words).Elem())
		for code, fault := range words.Faults {
			words.Faults[code] = Fault{bound(fault.What), bound(fault.Do)}
		}
	}
}

// bind binds every sentence in a value, apart from those in maps.
func bind(value reflect.Value) {
	switch value.Kind() {
	case reflect.String:
		value.SetString(bound(value.String()))
	case reflect.Struct:
		for i := range value.NumField() {
			bind(value.Field(i))
		}
	case reflect.Slice:
		for i := range value.Len() {
			bind(value.Index(i))
		}
	}
}
