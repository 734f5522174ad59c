package kms

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	alikms "github.com/aliyun/alibaba-cloud-sdk-go/services/kms"
)

// A child process is this test binary again, told by a variable what to do. It shows what is read
// only once, before any test runs, and what would end the process.
const (
	childTask = "KEYFERRY_TEST_TASK"
	childHost = "KEYFERRY_TEST_HOST"
)

func runChild(t *testing.T, task string, fake *fakeKMS, environment ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$", "-test.count=1")
	command.Env = append(os.Environ(), childTask+"="+task, childHost+"="+fake.host())
	command.Env = append(command.Env, environment...)
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("child: %v\n%s", err, output)
	}
	if !strings.Contains(string(output), "task done") {
		t.Fatalf("the child did not do its task:\n%s", output)
	}
	return string(output)
}

// TestChild does a task in a child process, and nothing in this one.
func TestChild(t *testing.T) {
	config := Config{Region: "cn-hangzhou", Endpoint: os.Getenv(childHost), PlainHTTP: true}
	switch os.Getenv(childTask) {
	case "":
		return
	case "calls":
		config.AccessKeyID, config.AccessKeySecret = "test-id", testSecret
		client := childClient(t, config)
		for _, call := range calls {
			call(t, client)
		}
	case "dump":
		dumpByTheSDK(t)
	case "credentials":
		began := time.Now()
		err := childClient(t, config).CheckCredentials(t.Context())
		fmt.Printf("none: %v, in time: %v, error: %v\n", errors.Is(err, ErrNoCredentials), time.Since(began) < 9*time.Second, err)
	case "role":
		client := childClient(t, config)
		for range 3 {
			if err := calls[actionImport](t, client); err != nil {
				t.Error(err)
			}
		}
	}
	fmt.Println("task done")
}

// dumpByTheSDK makes the call that this package does not make: by the SDK's own sender.
func dumpByTheSDK(t *testing.T) {
	client, err := alikms.NewClientWithAccessKey("cn-hangzhou", "test-id", testSecret)
	if err != nil {
		t.Fatal(err)
	}
	request := alikms.CreateImportKeyMaterialRequest()
	request.Scheme, request.Domain = "http", os.Getenv(childHost)
	request.ImportToken, request.EncryptedKeyMaterial = testToken, testMaterial
	client.ImportKeyMaterial(request)
}

func childClient(t *testing.T, config Config) *Client {
	t.Helper()
	client, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	client.backoff = time.Millisecond
	return client
}

func TestDebugVariableHasNoEffect(t *testing.T) {
	fake := newFakeKMS(t, func(w http.ResponseWriter, r *http.Request, try int) {
		inTurn(refuse(400, "InvalidKeyMaterial"), html(502), good)(w, r, try)
	})
	for _, value := range []string{"sdk", "sdk,tea", "tea,sdk", "sdk,sdk"} {
		output := runChild(t, "calls", fake, "DEBUG="+value)
		sweep(t, secretsOf(fake), "output with DEBUG="+value, output)
		for _, trace := range []string{"POST", "Host:", "Signature", "User-Agent", "Retry Times"} {
			if strings.Contains(output, trace) {
				t.Errorf("with DEBUG=%s the SDK printed %q:\n%s", value, trace, output)
			}
		}
	}
	// The hazard is still there: the SDK's own sender prints.
	output := runChild(t, "dump", fake, "DEBUG=sdk")
	for _, trace := range []string{"ImportToken=" + url.QueryEscape(testToken), "Signature="} {
		if !strings.Contains(output, trace) {
			t.Errorf("the SDK no longer prints %.12s with DEBUG=sdk, so the test above shows nothing:\n%s", trace, output)
		}
	}
}

// The ECS metadata address is fixed in the SDK. A proxy of ours answers for
// it, so that no test reaches for the address itself.
func asMetadata(proxy *fakeKMS) []string {
	return []string{"ALIBABA_CLOUD_ECS_METADATA_DISABLED=", "HTTP_PROXY=" + proxy.URL, "http_proxy=" + proxy.URL, "NO_PROXY=", "no_proxy="}
}

func TestHangingMetadataIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the metadata service as long as the SDK does")
	}
	t.Parallel()
	proxy := newFakeKMS(t, silence)
	output := runChild(t, "credentials", newFakeKMS(t, good), asMetadata(proxy)...)
	if !strings.Contains(output, "none: true, in time: true") {
		t.Error(output)
	}
	if proxy.count() == 0 {
		t.Error("the metadata service was not asked")
	}
}

func TestUnreachableCredentialsURIIsNotPrinted(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	uri := fmt.Sprintf("http://%s/?token=%s", listener.Addr(), testSecret)
	output := runChild(t, "credentials", newFakeKMS(t, good), "ALIBABA_CLOUD_CREDENTIALS_URI="+uri)
	if strings.Contains(output, testSecret) || !strings.Contains(output, "none: true") {
		t.Error(output)
	}
}

func TestRoleOfAnECSInstance(t *testing.T) {
	for name, test := range map[string]struct {
		lasts   time.Duration
		fetches int
	}{"lasting": {time.Hour, 1}, "about to end": {time.Minute, 3}} {
		t.Run(name, func(t *testing.T) {
			fetches := 0
			proxy := newFakeKMS(t, func(w http.ResponseWriter, r *http.Request, _ int) {
				switch r.URL.Path {
				case "/latest/api/token":
					fmt.Fprint(w, "metadata-token")
				case "/latest/meta-data/ram/security-credentials/":
					fmt.Fprint(w, "the-role")
				case "/latest/meta-data/ram/security-credentials/the-role":
					fetches++
					sts(w, fmt.Sprintf("STS.%d", fetches), test.lasts)
				default:
					http.NotFound(w, r)
				}
			})
			fake := newFakeKMS(t, good)
			runChild(t, "role", fake, asMetadata(proxy)...)
			queries := fake.queries()
			if last := queries[len(queries)-1].Get("AccessKeyId"); last != fmt.Sprintf("STS.%d", test.fetches) {
				t.Errorf("the last of %d requests was signed by %s, want STS.%d", len(queries), last, test.fetches)
			}
		})
	}
}
