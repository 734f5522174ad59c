package account

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"keyferry/e2e/proof/reference"
	"keyferry/web"
)

// life is one worker, from its start to its end.
type life struct {
	job      string
	seconds  float64 // until its last message
	began    float64
	told     float64 // when it was told something last
	started  json.RawMessage
	to, from []json.RawMessage
	drawn    [][]byte
}

// lives sorts what the page told.
func (ac *account) lives() []*life {
	var all []*life
	byName := map[string]*life{}
	drawn := map[string][][]byte{}
	var order []string
	for _, r := range ac.Reports {
		switch r.Kind {
		case "started":
			one := &life{started: r.Value, began: r.At}
			byName[r.Life] = one
			all = append(all, one)
		case "to", "from":
			one := byName[r.Life]
			if one == nil {
				ac.leave("worker messages", "a message of no worker")
				continue
			}
			if r.Kind == "to" {
				one.to, one.told = append(one.to, r.Value), r.At
			} else {
				var p struct {
					Type        string
					Done, Total float64
				}
				if json.Unmarshal(r.Value, &p) == nil && p.Type == "progress" && p.Total > 0 {
					ac.examinations = append(ac.examinations, examination{r.Page, r.At, one.told, p.Done / p.Total})
				}
				one.from, one.seconds = append(one.from, r.Value), (r.At-one.began)/1000
			}
		case "drawn":
			var value struct {
				Bytes []byte `json:"$bytes"`
			}
			if err := json.Unmarshal(r.Value, &value); err != nil {
				ac.leave("worker messages", "a draw that is none: %.80s", r.Value)
			}
			if _, known := drawn[r.Life]; !known {
				order = append(order, r.Life)
			}
			drawn[r.Life] = append(drawn[r.Life], value.Bytes)
		case "offered", "content", "cookie", "title", "fetched", "shown": // which others look at
		default:
			ac.leave("worker messages", "%s: %.100s", r.Kind, r.Value)
		}
	}
	for _, one := range all {
		var request struct{ Job string }
		if len(one.to) > 0 {
			json.Unmarshal(one.to[0], &request)
		}
		one.job = request.Job
		// The recorder knows a worker by its job, and the workers of one job come one after the
		// other.
		for i, name := range order {
			if strings.HasPrefix(name, one.job+" ") {
				one.drawn = drawn[name]
				order = slices.Delete(order, i, i+1)
				break
			}
		}
	}
	for _, name := range order {
		ac.leave("random bytes", "%d draws of %s, which no job explains", len(drawn[name]), name)
	}
	return all
}

// workers checks what passed between the page and its workers.
func (ac *account) workers() {
	var jobs []string
	for _, one := range ac.lives() {
		jobs = append(jobs, one.job)
		ac.shapes = append(ac.shapes, slices.Compact(append(shapesOf(one.to), shapesOf(one.from)...))...)
		ac.equal("worker messages", "the start of "+one.job, one.started, map[string]any{
			"address": ac.workerAddress(), "options": map[string]any{"type": ac.workerType(), "name": one.job}, "more": false,
		})
		random := reference.NewStream(one.drawn)
		random.Take("seeds of Go's runtime", 32)
		ac.job(one, random)
		// A job that was given up tells nothing of what it drew.
		if err := random.Close(); err != nil && ac.Given.Recorded && !(ac.Given.Cancelled && one.job == "prepare") {
			ac.leave("random bytes", "%s: %v", one.job, err)
		}
	}
	if !slices.Equal(jobs, ac.Given.Jobs) {
		ac.leave("worker messages", "the workers did %q, want %q", jobs, ac.Given.Jobs)
	}
}

// shapesOf are the names of the fields of messages, in their order.
func shapesOf(messages []json.RawMessage) (all []string) {
	for _, message := range messages {
		all = append(all, shapeOf(message))
	}
	return all
}

// workerAddress is that of the worker's script. A page on a disk makes one first, before any other.
func (ac *account) workerAddress() string {
	if !ac.Given.onDisk() {
		return ac.static(web.Worker)
	}
	for _, one := range ac.offerings() {
		return one.Address
	}
	return ""
}

// workerType is that of the script: a page on a disk has no modules.
func (ac *account) workerType() string {
	if ac.Given.onDisk() {
		return "classic"
	}
	return "module"
}

// request is the first message to a worker.
func (ac *account) request(job, module string, more map[string]any) map[string]any {
	all := map[string]any{"job": job, "module": ac.static(module), "integrity": ac.integrity(module)}
	if ac.Given.onDisk() {
		packed, err := tree(ac.t).Read(module + ".gz")
		if err != nil {
			ac.t.Fatal(err)
		}
		all["module"] = map[string]any{"$file": len(packed)}
	}
	for name, value := range more {
		all[name] = value
	}
	return all
}

// talked checks the messages to a worker, and from it.
func (ac *account) talked(one *life, to []any, from ...any) {
	for i, message := range one.to {
		if i >= len(to) {
			ac.leave("worker messages", "to %s: one more, %.100s", one.job, message)
			continue
		}
		ac.equal("worker messages", "to "+one.job, message, to[i])
	}
	got := ac.progress(one)
	for i, message := range got {
		if i >= len(from) {
			ac.leave("worker messages", "from %s: one more, %.100s", one.job, message)
			continue
		}
		ac.equal("worker messages", "from "+one.job, message, from[i])
	}
	if len(one.to) < len(to) || len(got) < len(from) {
		ac.leave("worker messages", "%s: %d messages to it and %d from it, want %d and %d", one.job, len(one.to), len(got), len(to), len(from))
	}
}

// progress checks how far an examination is: 64, 128 and so on, up to the whole, which is a number
// that grows with the day.
func (ac *account) progress(one *life) (others []json.RawMessage) {
	next := 64.0
	for _, message := range one.from {
		var p map[string]any
		if json.Unmarshal(message, &p) != nil || p["type"] != "progress" {
			others = append(others, message)
			continue
		}
		whole, _ := p["total"].(float64)
		want := map[string]any{"type": "progress", "done": min(next, whole), "total": whole}
		if !reflect.DeepEqual(p, want) || whole != math.Trunc(whole) || whole < 1 || whole >= 1<<13 || ac.whole > 0 && whole != ac.whole {
			ac.leave("worker messages", "from %s: %.100s, want %v", one.job, message, want)
		}
		ac.whole, ac.examined = whole, p["done"] == whole
		ac.bits["worker messages"] = 13
		next += 64
	}
	return others
}

var ready = map[string]any{"type": "ready"}

func done(result any) map[string]any { return map[string]any{"type": "done", "result": result} }

// job checks what one worker was told and what it answered.
func (ac *account) job(one *life, random *reference.Stream) {
	switch one.job {
	case "inspect":
		der, _ := base64.StdEncoding.DecodeString(ac.parameters.PublicKey)
		ac.talked(one, []any{ac.request("inspect", web.Module, map[string]any{"options": map[string]any{"publicKey": ac.parameters.PublicKey}})},
			ready, done(map[string]any{"fingerprint": fmt.Sprintf("%x", sha256.Sum256(der)), "bits": 2048, "publicKey": ac.parameters.PublicKey}))
	case "passphrase":
		if ac.offeredPassphrase = ac.result(one, "passphrase"); ac.Given.Recorded {
			ac.offeredPassphrase = reference.Passphrase(random)
		} else {
			// What the module draws is not known: the passphrase is of its form, and stays in the
			// browser.
			g := newGrammar(`[0-9a-hjkmnp-tv-z]{5}(-[0-9a-hjkmnp-tv-z]{5}){4}`)
			if !g.pattern.MatchString(ac.offeredPassphrase) {
				ac.leave("worker messages", "the offered passphrase is %.60q", ac.offeredPassphrase)
			}
		}
		ac.talked(one, []any{ac.request("passphrase", web.Module, nil)}, ready, done(map[string]any{"passphrase": ac.offeredPassphrase}))
	case "strength":
		ac.talked(one, []any{ac.request("strength", web.Strength, map[string]any{"options": map[string]any{"passphrase": ac.Given.Typed}})}, ready, done(map[string]any{"score": 4}))
	case "prepare":
		ac.prepare(one, random)
	case "check":
		ac.check(one)
	case "closeArchive":
		ac.makeArchive(one, random)
	case "forgetKeys":
		ac.openArchive(one, random)
	default:
		ac.leave("worker messages", "a worker does %q", one.job)
	}
}

// result is a text in the answer of a worker, unchecked.
func (ac *account) result(one *life, name string) string {
	for _, message := range one.from {
		var answer struct{ Result map[string]any }
		if json.Unmarshal(message, &answer) == nil && answer.Result[name] != nil {
			text, _ := answer.Result[name].(string)
			return text
		}
	}
	return ""
}

// options are what the worker is told about the import.
func (ac *account) options(kind string) map[string]any {
	g := ac.Given
	passphrase := g.Typed
	if passphrase == "" {
		passphrase = ac.offeredPassphrase
	}
	options := map[string]any{
		"source": g.Source, "protection": g.Protection, "kind": kind, "weakness": "", "file": nil, "secret": g.Secret, "receipt": g.identity(),
		"passphrase": passphrase, "recipients": g.Recipients, "keyId": g.CMK, "publicKey": ac.parameters.PublicKey,
		"algorithm": g.Algorithm, "date": ac.date(),
	}
	if g.File != nil {
		options["file"] = map[string]any{"$file": len(g.File)}
	}
	return options
}

// identity is what the module compares a backup with; nil without a receipt.
func (g *given) identity() any {
	if g.Identity == nil {
		return nil
	}
	return g.Identity
}

// date is the day of the flow.
func (ac *account) date() string { return ac.Began.UTC().Format(time.DateOnly) }

func (ac *account) prepare(one *life, random *reference.Stream) {
	g := ac.Given
	if g.Kind != "" && !bytes.Contains(bytes.Join(raw(one.to), nil), []byte(`"kind":"`+g.Kind+`"`)) {
		ac.talked(one, []any{ac.request("prepare", web.Module, map[string]any{"options": ac.options("")})}, ready, failed("confirm_"+g.Kind))
		return
	}
	to := []any{ac.request("prepare", web.Module, map[string]any{"options": ac.options(g.Kind)})}
	from := []any{ready}
	if g.Components != nil {
		to = []any{ac.request("prepare", web.Module, map[string]any{"pieces": true})}
		for i, component := range g.Components {
			to = append(to, map[string]any{"component": asBytes(component), "kcv": asBytes(g.KCVs[i])})
			from = append(from, map[string]any{"type": "piece", "result": map[string]any{"method": "cmac", "count": i + 1}})
		}
		to = append(to, map[string]any{"finish": ac.options("")})
	}
	if g.Cancelled {
		ac.talked(one, to, from...)
		return
	}
	ac.prepared, ac.lived = ac.predicted(one, random), one.seconds
	ac.talked(one, to, append(from, done(fieldsOf(ac.prepared)))...)
}

func raw(messages []json.RawMessage) (all [][]byte) {
	for _, m := range messages {
		all = append(all, m)
	}
	return all
}

func asBytes(text string) map[string]any { return map[string]any{"$bytes": []byte(text)} }

// failed is an answer with a code, and nothing else.
func failed(code string) map[string]any {
	return map[string]any{"type": "failed", "error": map[string]any{"code": code}}
}

// fieldsOf are the fields of an answer as the page tells them.
func fieldsOf(p *reference.Prepared) map[string]any {
	fields := map[string]any{
		"kcv": p.KCV, "commitment": p.Commitment, "salt": p.Salt, "fingerprint": p.Fingerprint,
		"encryptedKeyMaterial": p.EncryptedKeyMaterial, "sha256": p.SHA256,
	}
	if p.Backup != nil {
		fields["backup"], fields["backupSHA256"], fields["backupFile"] = asBytes(string(p.Backup)), p.BackupSHA256, p.BackupFile
	}
	return fields
}

// check checks the proof of a backup.
func (ac *account) check(one *life) {
	if ac.prepared == nil && ac.Given.Identity != nil {
		options := map[string]any{"file": map[string]any{"$file": len(ac.Given.File)}, "secret": ac.Given.Secret}
		for name, value := range ac.Given.Identity {
			options[name] = value
		}
		ac.talked(one, []any{ac.request("check", web.Module, map[string]any{"options": options})}, ready, done(map[string]any{}))
		return
	}
	if ac.prepared == nil {
		ac.leave("worker messages", "a backup is checked that nobody made")
		return
	}
	p := ac.prepared
	secret := ac.Given.Typed
	switch {
	case ac.Given.Proof != "":
		secret = ac.Given.Proof
	case secret == "":
		secret = ac.offeredPassphrase
	}
	ac.talked(one, []any{ac.request("check", web.Module, map[string]any{"options": map[string]any{
		"file": map[string]any{"$file": len(p.Backup)}, "secret": secret, "kcv": p.KCV, "commitment": p.Commitment, "salt": p.Salt,
	}})}, ready, done(map[string]any{}))
}
