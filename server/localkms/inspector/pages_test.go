package inspector_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
)

// Every page of a new local KMS is in the language that was asked for, and an address where nothing
// is leads back.
func TestPagesInOneLanguage(t *testing.T) {
	kms := localkmstest.New(t, localkms.Config{})
	get := func(path, language string) (int, string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1"+path, nil)
		r.Header.Set("Accept-Language", language)
		w := httptest.NewRecorder()
		kms.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	status, list := get("/", "zh-CN")
	if status != http.StatusOK {
		t.Fatalf("the list: %d", status)
	}
	_, english := get("/", "en")
	for _, key := range localkms.DefaultSeed().Keys {
		if key.Description == "" || strings.Contains(list, key.Description) || !strings.Contains(english, key.Description) {
			t.Errorf("%q is not in the language of the page", key.Description)
		}
	}
	for language, title := range map[string]string{"en": "Page not found", "zh-CN": "页面不存在"} {
		status, page := get("/nowhere/at/all", language)
		if status != http.StatusNotFound || !strings.Contains(page, "<h1>"+title+"</h1>") || !strings.Contains(page, `<main id="content"><h1>`) ||
			!strings.Contains(page[strings.Index(page, "<main"):], `<a href="/">`) {
			t.Errorf("in %s: %d\n%s", language, status, page)
		}
	}
}
