// Package metrics counts what a console does, for Prometheus. No label holds anything that a client
// chose, nor a token, ciphertext, address or name of a person: CMKs by their ids are the most that it
// tells.
package metrics

import (
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics counts. Its methods may be called by several goroutines at once.
type Metrics struct {
	registry *prometheus.Registry
	codes    codes

	answers  *prometheus.CounterVec
	answered *prometheus.HistogramVec
	calls    *prometheus.CounterVec
	called   *prometheus.HistogramVec
	waited   *prometheus.HistogramVec
	signIns  *prometheus.CounterVec
}

var (
	// short is for what is answered by this computer, long for what waits for the KMS.
	short = []float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	long  = []float64{.025, .05, .1, .25, .5, 1, 2.5, 5, 10, 15, 20, 30, 60}
)

// New returns metrics of a program of this version, with those of its process.
func New(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(), codes: codes{known: map[string]bool{}},
		answers:  counter("http_requests_total", "Requests to the console that were answered.", "method", "route", "status"),
		answered: histogram("http_request_duration_seconds", "Time until a request to the console was answered.", short, "route"),
		calls:    counter("kms_calls_total", "Attempts of calls to the KMS, by how they ended.", "action", "code"),
		called:   histogram("kms_call_duration_seconds", "Time that an attempt of a call to the KMS took.", long, "action"),
		waited:   histogram("kms_queue_wait_seconds", "Time that a call waited for its turn.", long, "action"),
		signIns:  counter("signins_total", "Attempts to sign in, by way and by the code of the fault, or ok.", "way", "code"),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "keyferry_build_info", Help: "Always 1; the version is in the label.", ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	m.registry.MustRegister(build, m.answers, m.answered, m.calls, m.called, m.waited, m.signIns,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "keyferry_" + name, Help: help}, labels)
}

func histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "keyferry_" + name, Help: help, Buckets: buckets}, labels)
}

// Answered counts a request to the console. The route is a pattern, not an address.
func (m *Metrics) Answered(method, route string, status int, took time.Duration) {
	m.answers.WithLabelValues(method, route, strconv.Itoa(status)).Inc()
	m.answered.WithLabelValues(route).Observe(took.Seconds())
}

// Called counts an attempt of a call to the KMS. The code is ok or that of the error.
func (m *Metrics) Called(action, code string, took time.Duration) {
	m.calls.WithLabelValues(action, m.codes.label(code)).Inc()
	m.called.WithLabelValues(action).Observe(took.Seconds())
}

// Waited counts a call that had its turn.
func (m *Metrics) Waited(action string, waited time.Duration) {
	m.waited.WithLabelValues(action).Observe(waited.Seconds())
}

// SignedIn counts an attempt to sign in. An empty code is a success.
func (m *Metrics) SignedIn(way, code string) {
	if code == "" {
		code = "ok"
	}
	m.signIns.WithLabelValues(way, code).Inc()
}

// Handler answers /metrics, and nothing else.
func (m *Metrics) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4, Timeout: 20 * time.Second,
	}))
	return mux
}

// codes bounds the codes that are labels: another server in the KMS's place may answer with any.
type codes struct {
	mu    sync.Mutex
	known map[string]bool
}

// maxCodes is how many codes get a series of their own.
const maxCodes = 64

// codeForm fits the KMS's codes. A token or ciphertext has digits and is longer.
var codeForm = regexp.MustCompile(`^[A-Za-z]+(?:[._][A-Za-z]+){0,3}$`)

func (c *codes) label(code string) string {
	if len(code) > 48 || !codeForm.MatchString(code) {
		return "other"
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.known[code] {
		if len(c.known) >= maxCodes {
			return "other"
		}
		c.known[code] = true
	}
	return code
}
