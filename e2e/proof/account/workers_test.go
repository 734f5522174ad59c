package account

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"keyferry/e2e/proof/reference"
	"keyferry/web"
)

// life is one worker, from its start to its end.
type life struct {
	job      string
	started  json.RawMessage
	to, from []json.RawMessage
	drawn    [][]byte
}

// lives sorts what the page told.
func (l *ledger) lives() []*life {
	var all []*life
	byName := map[string]*life{}
	drawn := map[string][][]byte{}
	var order []string
	for _, r := range l.Reports {
		switch r.Kind {
		case "started":
			one := &life{started: r.Value}
			byName[r.Life] = one
			all = append(all, one)
		case "to", "from":
			one := byName[r.Life]
			if one == nil {
				l.leave("worker messages", "a message of no worker")
				continue
			}
			if r.Kind == "to" {
				one.to = append(one.to, r.Value)
			} else {
				one.from = append(one.from, r.Value)
			}
		case "drawn":
			var value struct {
				Bytes []byte `json:"$bytes"`
			}
			if err := json.Unmarshal(r.Value, &value); err != nil {
				l.leave("worker messages", "a draw that is none: %.80s", r.Value)
			}
			if _, known := drawn[r.Life]; !known {
				order = append(order, r.Life)
			}
			drawn[r.Life] = append(drawn[r.Life], value.Bytes)
		default:
			l.leave("worker messages", "%s: %.100s", r.Kind, r.Value)
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
		l.leave("random bytes", "%d draws of %s, which no job explains", len(drawn[name]), name)
	}
	return all
}

// workers strikes off what passed between the page and its workers.
func (l *ledger) workers() {
	var jobs []string
	for _, one := range l.lives() {
		jobs = append(jobs, one.job)
		l.equal("worker messages", "the start of "+one.job, one.started, map[string]any{
			"address": l.static(web.Worker), "options": map[string]any{"type": "module", "name": one.job}, "more": false,
		})
		random := reference.NewStream(one.drawn)
		random.Take("seeds of Go's runtime", 32)
		l.job(one, random)
		if err := random.Close(); err != nil && l.Given.Recorded {
			l.leave("random bytes", "%s: %v", one.job, err)
		}
	}
	if !slices.Equal(jobs, l.Given.Jobs) {
		l.leave("worker messages", "the workers did %q, want %q", jobs, l.Given.Jobs)
	}
}

// request is the first message to a worker.
func (l *ledger) request(job, module string, more map[string]any) map[string]any {
	all := map[string]any{"job": job, "module": l.static(module), "integrity": integrity(l.t, module)}
	for name, value := range more {
		all[name] = value
	}
	return all
}

// talked strikes off the messages to a worker, and from it.
func (l *ledger) talked(one *life, to []any, from ...any) {
	for i, message := range one.to {
		if i >= len(to) {
			l.leave("worker messages", "to %s: one more, %.100s", one.job, message)
			continue
		}
		l.equal("worker messages", "to "+one.job, message, to[i])
	}
	got := l.progress(one)
	for i, message := range got {
		if i >= len(from) {
			l.leave("worker messages", "from %s: one more, %.100s", one.job, message)
			continue
		}
		l.equal("worker messages", "from "+one.job, message, from[i])
	}
	if len(one.to) < len(to) || len(got) < len(from) {
		l.leave("worker messages", "%s: %d messages to it and %d from it, want %d and %d", one.job, len(one.to), len(got), len(to), len(from))
	}
}

// progress strikes off how far an examination is: whole numbers that rise by the same step each
// time.
func (l *ledger) progress(one *life) (others []json.RawMessage) {
	last, step, total := -1.0, -1.0, -1.0
	for _, message := range one.from {
		var p map[string]any
		if json.Unmarshal(message, &p) != nil || p["type"] != "progress" {
			others = append(others, message)
			continue
		}
		done, isDone := p["done"].(float64)
		of, isTotal := p["total"].(float64)
		if step < 0 && last >= 0 {
			step = done - last
		}
		first := last < 0
		if len(p) != 3 || !isDone || !isTotal || total >= 0 && of != total || done > of || !first && done != of && done != last+step {
			l.leave("worker messages", "from %s: %.100s after %v", one.job, message, last)
		}
		last, total = done, of
	}
	return others
}

var ready = map[string]any{"type": "ready"}

func done(result any) map[string]any { return map[string]any{"type": "done", "result": result} }

// job strikes off what one worker was told and what it answered.
func (l *ledger) job(one *life, random *reference.Stream) {
	switch one.job {
	case "inspect":
		der, _ := base64.StdEncoding.DecodeString(l.parameters.PublicKey)
		l.talked(one, []any{l.request("inspect", web.Module, map[string]any{"options": map[string]any{"publicKey": l.parameters.PublicKey}})},
			ready, done(map[string]any{"fingerprint": fmt.Sprintf("%x", sha256.Sum256(der)), "bits": 2048, "publicKey": l.parameters.PublicKey}))
	case "passphrase":
		if l.offered = l.result(one, "passphrase"); l.Given.Recorded {
			l.offered = reference.Passphrase(random)
		} else {
			// What the module draws is not known: the passphrase is of its form, and stays in the browser.
			g := newGrammar(`[0-9a-hjkmnp-tv-z]{5}(-[0-9a-hjkmnp-tv-z]{5}){4}`)
			if l.draws("drawn without the recorder", "the offered passphrase", g.bits); !g.pattern.MatchString(l.offered) {
				l.leave("worker messages", "the offered passphrase is %.60q", l.offered)
			}
		}
		l.talked(one, []any{l.request("passphrase", web.Module, nil)}, ready, done(map[string]any{"passphrase": l.offered}))
	case "strength":
		l.talked(one, []any{l.request("strength", web.Strength, map[string]any{"options": map[string]any{"passphrase": l.Given.Typed}})}, ready, done(map[string]any{"score": 4}))
	case "prepare":
		l.prepare(one, random)
	case "check":
		l.check(one)
	default:
		l.leave("worker messages", "a worker does %q", one.job)
	}
}

// result is a text in the answer of a worker, unchecked.
func (l *ledger) result(one *life, name string) string {
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
func (l *ledger) options(kind string) map[string]any {
	g := l.Given
	passphrase := g.Typed
	if passphrase == "" {
		passphrase = l.offered
	}
	options := map[string]any{
		"source": g.Source, "protection": g.Protection, "kind": kind, "weakness": "", "file": nil, "secret": g.Secret, "receipt": g.identity(),
		"passphrase": passphrase, "recipients": g.Recipients, "keyId": g.CMK, "publicKey": l.parameters.PublicKey,
		"algorithm": g.Algorithm, "date": l.date(),
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
func (l *ledger) date() string { return l.Began.UTC().Format(time.DateOnly) }

func (l *ledger) prepare(one *life, random *reference.Stream) {
	g := l.Given
	if g.Kind != "" && !bytes.Contains(bytes.Join(raw(one.to), nil), []byte(`"kind":"`+g.Kind+`"`)) {
		l.talked(one, []any{l.request("prepare", web.Module, map[string]any{"options": l.options("")})}, ready, failed("confirm_"+g.Kind))
		return
	}
	to := []any{l.request("prepare", web.Module, map[string]any{"options": l.options(g.Kind)})}
	from := []any{ready}
	if g.Components != nil {
		to = []any{l.request("prepare", web.Module, map[string]any{"pieces": true})}
		for i, component := range g.Components {
			to = append(to, map[string]any{"component": asBytes(component), "kcv": asBytes(g.KCVs[i])})
			from = append(from, map[string]any{"type": "piece", "result": map[string]any{"method": "cmac", "count": i + 1}})
		}
		to = append(to, map[string]any{"finish": l.options("")})
	}
	if g.Cancelled {
		l.talked(one, to, from...)
		return
	}
	l.prepared = l.predicted(one, random)
	l.talked(one, to, append(from, done(fieldsOf(l.prepared)))...)
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

// check strikes off the proof of a backup.
func (l *ledger) check(one *life) {
	if l.prepared == nil && l.Given.Identity != nil {
		options := map[string]any{"file": map[string]any{"$file": len(l.Given.File)}, "secret": l.Given.Secret}
		for name, value := range l.Given.Identity {
			options[name] = value
		}
		l.talked(one, []any{l.request("check", web.Module, map[string]any{"options": options})}, ready, done(map[string]any{}))
		return
	}
	if l.prepared == nil {
		l.leave("worker messages", "a backup is checked that nobody made")
		return
	}
	p := l.prepared
	secret := l.Given.Typed
	switch {
	case l.Given.Protection == "recipients":
		secret = l.told(one, "secret") // the harness typed it, and looks for it elsewhere
	case secret == "":
		secret = l.offered
	}
	l.talked(one, []any{l.request("check", web.Module, map[string]any{"options": map[string]any{
		"file": map[string]any{"$file": len(p.Backup)}, "secret": secret, "kcv": p.KCV, "commitment": p.Commitment, "salt": p.Salt,
	}})}, ready, done(map[string]any{}))
}

// told is a text in the options of a request, unchecked.
func (l *ledger) told(one *life, name string) string {
	var request struct{ Options map[string]any }
	if len(one.to) > 0 {
		json.Unmarshal(one.to[0], &request)
	}
	text, _ := request.Options[name].(string)
	return text
}
