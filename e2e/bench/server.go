package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	alikms "github.com/aliyun/alibaba-cloud-sdk-go/services/kms"

	"keyferry/server/localkms"
)

// What is asked of the server.
const (
	largestAdded  = time.Millisecond
	largestMemory = 40e6 // bytes resident
)

// measureServer measures what the console adds to an import, and the memory of its process before and after.
func (b *bench) measureServer(ctx context.Context) ([]row, error) {
	program, err := b.startConsole(ctx, b.built.program)
	if err != nil {
		return nil, err
	}
	defer program.stop()
	idle, err := measureMemory(program, "Server's memory, idle")
	if err != nil {
		return nil, err
	}
	added, err := measureAdded(ctx, program, b.pairs)
	if err != nil {
		return nil, err
	}
	busy, err := measureMemory(program, fmt.Sprintf("Server's memory, after %d imports", b.pairs))
	return append(added, idle, busy), err
}

// measureMemory reads how much of the process is in memory. Its files are the program itself and its libraries, which
// the system can drop and read again.
func measureMemory(p *program, what string) (row, error) {
	var figures [3]int
	for i, name := range []string{"VmRSS", "RssAnon", "RssFile"} {
		var err error
		if figures[i], err = p.memory(name); err != nil {
			return row{}, err
		}
	}
	r := row{
		what: what, value: fmt.Sprintf("%.1f MB", float64(figures[0])/1e6),
		against: fmt.Sprintf("of it heap and stacks %.1f, program file %.1f", float64(figures[1])/1e6, float64(figures[2])/1e6),
	}
	return r.aim("≤ 40 MB", float64(figures[0]), largestMemory), nil
}

// measureAdded sends the same import through the console and by the SDK alone, in turn.
func measureAdded(ctx context.Context, p *program, pairs int) ([]row, error) {
	setup := newCaller(p.local, 1)
	defer setup.close()
	in, err := setup.prepareImport(ctx)
	if err != nil {
		return nil, err
	}
	throughConsole, err := consoleImport(ctx, p.console, in)
	if err != nil {
		return nil, err
	}
	bySDK, err := sdkImport(p.local, in)
	if err != nil {
		return nil, err
	}
	var through, alone durations
	ways := []struct {
		send  func() error
		times *durations
	}{{throughConsole, &through}, {bySDK, &alone}}
	for n := -10; n < pairs; n++ { // the first few open connections and do not count
		for i := range ways {
			way := ways[(i+n&1)%2] // who goes first has nothing to gain from it
			began := time.Now()
			err := way.send()
			took := time.Since(began)
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return nil, fmt.Errorf("importing: %v", err)
			}
			if n >= 0 {
				*way.times = append(*way.times, took)
			}
		}
	}
	return addedRows(through, alone), nil
}

func addedRows(through, alone durations) []row {
	var rows []row
	for _, one := range []struct {
		name  string
		share float64
	}{{"median", 0.5}, {"p99", 0.99}} {
		a, b := through.at(one.share), alone.at(one.share)
		rows = append(rows, row{
			what: "Import through the console, " + one.name, value: short(a),
			against: "SDK alone: " + short(b), ratio: times(float64(a), float64(b)),
		})
	}
	added := through.at(0.5) - alone.at(0.5)
	return append(rows, row{what: "Added by the console, median", value: short(added)}.
		aim("≤ 1 ms", float64(added), float64(largestAdded)))
}

// consoleImport returns what sends the import as the page does.
func consoleImport(ctx context.Context, console string, in map[string]string) (func() error, error) {
	body, err := json.Marshal(map[string]any{
		"KeyId": in["KeyId"], "ImportToken": in["ImportToken"],
		"EncryptedKeyMaterial": in["EncryptedKeyMaterial"], "KeyMaterialExpireUnix": 0,
	})
	if err != nil {
		return nil, err
	}
	client := &http.Client{Transport: &http.Transport{}}
	return func() error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, console+"/kms/ImportKeyMaterial", bytes.NewReader(body))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		answer, err := io.ReadAll(response.Body)
		if err == nil && response.StatusCode != http.StatusOK {
			err = fmt.Errorf("the console answered %s: %s", response.Status, answer)
		}
		return err
	}, nil
}

// sdkImport returns what sends the import by the vendor's SDK with nothing around it.
func sdkImport(local string, in map[string]string) (func() error, error) {
	client, err := alikms.NewClientWithAccessKey(
		localkms.DefaultRegion, localkms.DefaultAccessKeyID, localkms.DefaultAccessKeySecret)
	if err != nil {
		return nil, fmt.Errorf("making the SDK's client: %v", err)
	}
	client.Domain = strings.TrimPrefix(local, "http://")
	return func() error {
		request := alikms.CreateImportKeyMaterialRequest()
		request.Scheme = "http"
		request.KeyId, request.ImportToken = in["KeyId"], in["ImportToken"]
		request.EncryptedKeyMaterial = in["EncryptedKeyMaterial"]
		request.KeyMaterialExpireUnix = requests.NewInteger64(0)
		_, err := client.ImportKeyMaterial(request)
		return err
	}, nil
}
