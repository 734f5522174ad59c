// Package trace sends traces to an OpenTelemetry collector: a span for each request to the console,
// and one for each attempt of a call to the KMS within it. A span has the route, the action, the code
// and the duration, and nothing of what was sent or answered.
package trace

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	otrace "go.opentelemetry.io/otel/trace"
)

// Tracer makes spans. The nil Tracer makes none.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   otrace.Tracer
}

// Start returns a tracer if OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is set,
// and nil otherwise. The other variables of OpenTelemetry's exporter over HTTP are heeded too. Nothing
// is sent to find out whether the collector is there: when it is not, the log says so now and then.
func Start(ctx context.Context, version string, log *slog.Logger) (*Tracer, error) {
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" ||
		strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
		return nil, nil
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"} {
		if set := os.Getenv(name); set != "" && set != "http/protobuf" {
			return nil, errors.New(name + ": traces are sent with http/protobuf alone")
		}
	}
	// The error of a collector may hold its address with a password.
	var quiet rarely
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {
		if quiet.now() {
			log.Warn("traces are not sent: does the collector of OTEL_EXPORTER_OTLP_ENDPOINT take them?")
		}
	}))
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, errors.New("OTEL_EXPORTER_OTLP_ENDPOINT: this is not the address of a collector, such as http://127.0.0.1:4318")
	}
	about, err := resource.New(ctx, resource.WithAttributes(
		attribute.String("service.name", "keyferry"), attribute.String("service.version", version)), resource.WithFromEnv())
	if err != nil {
		return nil, errors.New("OTEL_RESOURCE_ATTRIBUTES: this is not name=value,name=value")
	}
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(about))
	return &Tracer{provider, provider.Tracer("keyferry")}, nil
}

// Close sends what has not been sent yet, for a few seconds at most.
func (t *Tracer) Close() {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	t.provider.Shutdown(ctx) // a failure went to the error handler
}

// Handler begins a span for each request. Answered names it.
func (t *Tracer) Handler(next http.Handler) http.Handler {
	if t == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A client's own trace is not continued: a stranger could choose it.
		ctx, span := t.tracer.Start(r.Context(), "request", otrace.WithSpanKind(otrace.SpanKindServer))
		defer span.End()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// Answered says what a request was, in the request's context. The route is a pattern, not an address.
func (t *Tracer) Answered(ctx context.Context, method, route string, status int) {
	if t == nil {
		return
	}
	span := otrace.SpanFromContext(ctx)
	span.SetName(method + " " + route)
	span.SetAttributes(attribute.String("http.request.method", method), attribute.String("http.route", route),
		attribute.Int("http.response.status_code", status))
	if status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, "")
	}
}

// Called adds the span of an attempt of a call to the KMS that has just ended.
func (t *Tracer) Called(ctx context.Context, action, code string, try, status int, took time.Duration) {
	if t == nil {
		return
	}
	ended := time.Now()
	_, span := t.tracer.Start(ctx, "KMS "+action, otrace.WithSpanKind(otrace.SpanKindClient), otrace.WithTimestamp(ended.Add(-took)))
	span.SetAttributes(attribute.String("kms.code", code), attribute.Int("kms.attempt", try), attribute.Int("http.response.status_code", status))
	if code != "ok" {
		span.SetStatus(codes.Error, code)
	}
	span.End(otrace.WithTimestamp(ended))
}

// rarely is true once a minute.
type rarely struct {
	mu   sync.Mutex
	last time.Time
}

func (r *rarely) now() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.last) < time.Minute {
		return false
	}
	r.last = time.Now()
	return true
}
