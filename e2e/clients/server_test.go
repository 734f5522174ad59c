package clients

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/kms"

	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
)

func TestMain(m *testing.M) {
	// Some of the clients would send requests for 127.0.0.1 to a proxy.
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} {
		os.Unsetenv(name)
		os.Unsetenv(strings.ToLower(name))
	}
	// alibaba-cloud-sdk-go makes this map when the first client is made, without a
	// lock, and these tests make several at once.
	kms.GetEndpointMap()
	os.Exit(m.Run())
}

// server is a local KMS that notes how it is spoken to.
type server struct {
	*localkms.KMS
	endpoint string // host and port

	mu     sync.Mutex
	speech map[string]bool
}

// serve starts a local KMS that ends with the test.
func serve(t *testing.T) *server {
	t.Helper()
	if testing.Short() {
		t.Skip("starts other programs")
	}
	s := &server{speech: make(map[string]bool)}
	s.KMS = localkmstest.New(t, localkms.Config{})
	listener := httptest.NewServer(http.HandlerFunc(s.listen))
	t.Cleanup(listener.Close)
	s.endpoint = strings.TrimPrefix(listener.URL, "http://")
	return s
}

func (s *server) listen(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.note(r, len(body) > 0)
	s.KMS.ServeHTTP(w, r)
}

// note remembers the request's method, signature, and where its parameters are.
func (s *server) note(r *http.Request, form bool) {
	signature, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if signature == "" {
		signature = "HMAC-SHA1"
	}
	place := "query"
	switch {
	case form && r.URL.RawQuery != "":
		place = "query and form"
	case form && r.ContentLength < 0:
		place = "chunked form"
	case form:
		place = "form"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.speech[r.Method+" "+place+" "+signature] = true
}

// heard returns the ways in which requests came since the last call.
func (s *server) heard() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	speech := slices.Sorted(maps.Keys(s.speech))
	clear(s.speech)
	return speech
}

// refusedFor checks the reason of the latest refused import.
func (s *server) refusedFor(t *testing.T, words string) {
	t.Helper()
	refused := s.RefusedImports()
	if len(refused) == 0 || !strings.Contains(refused[len(refused)-1].Reason, words) {
		t.Errorf("the latest refused import is not explained with %q: %+v", words, refused)
	}
}
