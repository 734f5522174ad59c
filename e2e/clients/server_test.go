package clients

import (
	"bytes"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/kms"

	"keyferry/e2e/program"
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
	log      *program.Log

	mu     sync.Mutex
	speech map[string]bool
}

// serve starts a local KMS that ends with the test.
func serve(t *testing.T) *server {
	t.Helper()
	if testing.Short() {
		t.Skip("starts other programs")
	}
	s := &server{speech: make(map[string]bool), log: &program.Log{}}
	s.KMS = localkmstest.New(t, localkms.Config{Logger: slog.New(slog.NewTextHandler(s.log, nil))})
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

// awaitLog waits for words in the log: the KMS looks for the reason of a refusal only after it has
// answered.
func awaitLog(t *testing.T, log *program.Log, words string) {
	t.Helper()
	if !log.Await(regexp.MustCompile(regexp.QuoteMeta(words)), 0, 5*time.Second, nil) {
		t.Errorf("the log does not say %q:\n%s", words, log)
	}
}
