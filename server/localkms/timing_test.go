package localkms_test

import (
	"bufio"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
)

// An attacker who can tell by time whether the padding of a ciphertext was right learns the
// wrapped key from some thousands of questions. So these tests send refused imports of two
// classes, the padding right and the padding wrong, in random order, and compare the times of the
// answers and of the two requests after each.

// class is one kind of refused import.
type class struct {
	name string
	next func(t testing.TB) params
}

// classesOf returns the two classes for an algorithm, on a CMK that is bound to other material.
// Each has many ciphertexts, so that no peculiarity of one can show.
func classesOf(t testing.TB, c *client, algorithm string) [2]class {
	t.Helper()
	id := c.external(t)
	c.bring(t, id, newMaterial(32))
	publicKey, token := c.parameters(t, id, algorithm)
	make := func(wrapped func() string) func(testing.TB) params {
		var some []params
		for range 64 {
			some = append(some, params{"KeyId": id, "ImportToken": token, "EncryptedKeyMaterial": wrapped()})
		}
		return func(testing.TB) params { return some[rand.IntN(len(some))] }
	}
	return [2]class{
		{"padding right", make(func() string { return wrap(t, publicKey, algorithm, newMaterial(32)) })},
		{"padding wrong", make(func() string {
			// Wrapped alike, and then a number below the modulus that nobody wrapped.
			wrapped, _ := base64.StdEncoding.DecodeString(wrap(t, publicKey, algorithm, newMaterial(32)))
			return base64.StdEncoding.EncodeToString(append([]byte{0}, newMaterial(len(wrapped)-1)...))
		})},
	}
}

// sender sends one signed request and returns how long the answer took.
type sender func(t testing.TB, c *client, action string, in params) time.Duration

// inProcess calls the handler itself.
func inProcess(t testing.TB, kms *localkms.KMS) sender {
	return func(t testing.TB, c *client, action string, in params) time.Duration {
		r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1/?"+c.signed(http.MethodPost, action, in).Encode(), nil)
		w := httptest.NewRecorder()
		start := time.Now()
		kms.ServeHTTP(w, r)
		return time.Since(start)
	}
}

// overHTTP uses one connection, and reads no more than it must.
func overHTTP(t testing.TB, kms *localkms.KMS) sender {
	server := httptest.NewServer(kms)
	t.Cleanup(server.Close)
	connection, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	answers := bufio.NewReader(connection)
	return func(t testing.TB, c *client, action string, in params) time.Duration {
		request := fmt.Appendf(nil, "POST /?%s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n", c.signed(http.MethodPost, action, in).Encode())
		start := time.Now()
		if _, err := connection.Write(request); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(answers, nil)
		took := time.Since(start)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
		return took
	}
}

// welch returns Welch's t of two samples, without the slowest hundredth of all, which are pauses
// of the machine.
func welch(a, b []float64) float64 {
	all := slices.Sorted(slices.Values(append(slices.Clone(a), b...)))
	limit := all[len(all)*99/100]
	moments := func(sample []float64) (n, mean, variance float64) {
		for _, x := range sample {
			if x <= limit {
				n++
				mean += x
			}
		}
		mean /= n
		for _, x := range sample {
			if x <= limit {
				variance += (x - mean) * (x - mean)
			}
		}
		return n, mean, variance / (n - 1)
	}
	na, ma, va := moments(a)
	nb, mb, vb := moments(b)
	return (ma - mb) / math.Sqrt(va/na+vb/nb)
}

// measure sends n refused imports of each class, in random order, and two more requests after
// each. It returns |t| for the answer and for the next two.
func measure(t testing.TB, c *client, send sender, classes [2]class, n int) [3]float64 {
	t.Helper()
	order := make([]int, 2*n)
	for i := range order {
		order[i] = i % 2
	}
	rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	var times [3][2][]float64
	for _, which := range order {
		in := classes[which].next(t)
		times[0][which] = append(times[0][which], float64(send(t, c, "ImportKeyMaterial", in)))
		for i := 1; i < 3; i++ {
			times[i][which] = append(times[i][which], float64(send(t, c, "DescribeKey", params{"KeyId": in["KeyId"]})))
		}
	}
	var shown [3]float64
	for i := range times {
		shown[i] = math.Abs(welch(times[i][0], times[i][1]))
	}
	return shown
}

var full = flag.Bool("full", false, "2,000 requests of each class instead of 250, as make prove sends them")

// limit is the |t| from which on two classes count as different.
const limit = 4.5

// No request shows by its time whether the padding of an import before it was right: on one
// processor and on two, in the process and over HTTP, with a log that is read.
func TestNoPaddingOracleByTime(t *testing.T) {
	if testing.Short() {
		t.Skip("sends 12,000 requests")
	}
	each := 250
	if *full {
		each = 2000
	}
	for _, processors := range []int{1, 2} {
		for name, sending := range map[string]func(testing.TB, *localkms.KMS) sender{"in the process": inProcess, "over HTTP": overHTTP} {
			for _, algorithm := range []string{oaepSHA256, pkcs1v15} {
				t.Run(fmt.Sprintf("%d processors, %s, %s", processors, name, algorithm), func(t *testing.T) {
					defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
					var log logBuffer
					kms := localkmstest.New(t, localkms.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
					c := &client{kms, localkms.DefaultAccessKeyID, localkms.DefaultAccessKeySecret, time.Now}
					shown := measure(t, c, sending(t, kms), classesOf(t, c, algorithm), each)
					t.Logf("|t| of the answer %.1f, of the next two requests %.1f and %.1f", shown[0], shown[1], shown[2])
					for i, value := range shown {
						if value >= limit {
							t.Errorf("request %d shows the padding: |t| = %.1f", i+1, value)
						}
					}
				})
			}
		}
	}
}

// The measurement finds what it looks for: work after the answer that depends on the padding.
func TestPaddingOracleIsFound(t *testing.T) {
	if testing.Short() {
		t.Skip("measures what the short form does not")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	kms, c := newClient(t, localkms.Config{})
	plain := inProcess(t, kms)
	leaky := func(t testing.TB, c *client, action string, in params) time.Duration {
		start := time.Now()
		plain(t, c, action, in)
		if action == "ImportKeyMaterial" {
			kms.ExplainLatest() // as if the reason were looked for before the answer
		}
		return time.Since(start)
	}
	for range 4 {
		c.parameters(t, "key-hzzkeyferrylocal00001", oaepSHA256) // more keys to look through
	}
	if shown := measure(t, c, leaky, classesOf(t, c, oaepSHA256), 200); shown[0] < limit {
		t.Errorf("|t| = %.1f although the reason was looked for before the answer", shown[0])
	}
}
