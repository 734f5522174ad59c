package localkms

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"keyferry/server/localkms/store"
)

// Control returns the control API, for tests: the clock, the faults, the material that arrived,
// why imports failed, a new start. It asks for no credentials and shows key material, so it
// belongs on a loopback address of its own. The README lists it.
func (k *KMS) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", control(k.getHealth))
	mux.HandleFunc("GET /clock", control(k.getClock))
	mux.HandleFunc("PUT /clock", control(k.putClock))
	mux.HandleFunc("POST /clock", control(k.putClock))
	mux.HandleFunc("GET /keys", control(k.getKeys))
	mux.HandleFunc("GET /keys/{id}", control(k.getKey))
	mux.HandleFunc("GET /keys/{id}/material", control(k.getMaterial))
	mux.HandleFunc("GET /imports/refused", control(k.getRefused))
	mux.HandleFunc("GET /faults", control(k.getFaults))
	mux.HandleFunc("POST /faults", control(k.postFault))
	mux.HandleFunc("DELETE /faults", control(k.deleteFaults))
	mux.HandleFunc("PUT /accesskeys", control(k.putAccessKey))
	mux.HandleFunc("POST /accesskeys", control(k.putAccessKey))
	mux.HandleFunc("POST /reset", control(k.postReset))
	return k.guarded(mux)
}

// badControl is a control request that cannot be carried out as it is.
type badControl struct {
	status int
	reason string
}

func (e *badControl) Error() string { return e.reason }

// control makes a handler of a function from request to JSON.
func control[T any](fn func(*http.Request) (T, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 8<<20)
		result, err := fn(r)
		status := http.StatusOK
		var body any = result
		if err != nil {
			status = http.StatusInternalServerError
			var bad *badControl
			if errors.As(err, &bad) {
				status = bad.status
			}
			body = struct {
				Error string `json:"error"`
			}{err.Error()}
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(body)
	}
}

// read decodes a request's JSON body strictly; an empty one leaves v alone.
func read(r *http.Request, v any) error {
	if err := parseStrictly(r.Body, v); err != nil && err != io.EOF {
		return &badControl{http.StatusBadRequest, "parsing request: " + err.Error()}
	}
	return nil
}

type healthView struct {
	Status            string `json:"status"`
	Region            string `json:"region"`
	Account           string `json:"account"`
	WrappingKeysReady int    `json:"wrappingKeysReady"`
}

func (k *KMS) getHealth(*http.Request) (healthView, error) {
	return healthView{"ok", k.config.Region, k.config.AccountID, k.pairs.Ready()}, nil
}

type clockView struct {
	Now    time.Time `json:"now"`
	Offset Duration  `json:"offset"`
}

func (k *KMS) getClock(*http.Request) (clockView, error) {
	return clockView{k.clock.Now().UTC(), Duration(k.clock.Offset())}, nil
}

func (k *KMS) putClock(r *http.Request) (clockView, error) {
	var want struct {
		Set     time.Time `json:"set"`
		Advance Duration  `json:"advance"`
		Reset   bool      `json:"reset"`
	}
	if err := read(r, &want); err != nil {
		return clockView{}, err
	}
	if want.Set.IsZero() && want.Advance == 0 && !want.Reset {
		return clockView{}, &badControl{http.StatusBadRequest, "say one of set, advance, reset"}
	}
	if want.Reset {
		k.clock.Reset()
	}
	if !want.Set.IsZero() {
		k.clock.Set(want.Set)
	}
	k.clock.Advance(time.Duration(want.Advance))
	return k.getClock(r)
}

type keyView struct {
	Account string `json:"account"`
	Bound   bool   `json:"bound"`
	keyMetadata
}

func (k *KMS) getKeys(r *http.Request) ([]keyView, error) {
	views := []keyView{}
	only := r.URL.Query().Get("account")
	for _, name := range k.store.Accounts() {
		if only != "" && only != name {
			continue
		}
		err := k.store.Read(name, k.clock.Now(), func(a *store.Account) error {
			for _, key := range a.Keys() {
				views = append(views, keyView{name, len(key.Binding) != 0, k.metadata(name, key)})
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return views, nil
}

func (k *KMS) getKey(r *http.Request) (*keyView, error) {
	id := r.PathValue("id")
	for _, name := range k.store.Accounts() {
		var view *keyView
		err := k.store.Read(name, k.clock.Now(), func(a *store.Account) error {
			if key := a.Key(id); key != nil {
				view = &keyView{name, len(key.Binding) != 0, k.metadata(name, key)}
			}
			return nil
		})
		if view != nil || err != nil {
			return view, err
		}
	}
	return nil, &badControl{http.StatusNotFound, "there is no such key"}
}

type materialView struct {
	KeyID    string `json:"keyId"`
	Present  bool   `json:"present"`
	Material []byte `json:"material"` // base64
	Hex      string `json:"hex"`
	SHA256   string `json:"sha256"`
}

func (k *KMS) getMaterial(r *http.Request) (*materialView, error) {
	key, err := k.getKey(r)
	if err != nil {
		return nil, err
	}
	view := &materialView{KeyID: key.KeyId, Material: k.Material(key.KeyId)}
	if view.Material != nil {
		digest := sha256.Sum256(view.Material)
		view.Present = true
		view.Hex = hex.EncodeToString(view.Material)
		view.SHA256 = hex.EncodeToString(digest[:])
	}
	return view, nil
}

// RefusedImports explains the latest imports that failed with InvalidKeyMaterial, oldest first.
// It is for tests: how long it takes depends on the material, so nobody who may try ciphertexts
// should be able to have it called.
func (k *KMS) RefusedImports() []RefusedImport {
	explained := []RefusedImport{}
	for _, one := range k.refused.list() {
		one.Reason = k.recent.Explain(one.private, one.alg, one.wrapped, one.size)
		explained = append(explained, one.RefusedImport)
	}
	return explained
}

func (k *KMS) getRefused(*http.Request) ([]RefusedImport, error) { return k.RefusedImports(), nil }

func (k *KMS) getFaults(*http.Request) ([]Fault, error) {
	if faults := k.Faults(); faults != nil {
		return faults, nil
	}
	return []Fault{}, nil
}

func (k *KMS) postFault(r *http.Request) ([]Fault, error) {
	var f Fault
	if err := read(r, &f); err != nil {
		return nil, err
	}
	if err := k.Inject(f); err != nil {
		return nil, &badControl{http.StatusBadRequest, err.Error()}
	}
	return k.getFaults(r)
}

func (k *KMS) deleteFaults(r *http.Request) ([]Fault, error) {
	k.ClearFaults()
	return k.getFaults(r)
}

type accessKeyView struct {
	ID string `json:"id"`
}

func (k *KMS) putAccessKey(r *http.Request) (*accessKeyView, error) {
	var key AccessKey
	if err := read(r, &key); err != nil {
		return nil, err
	}
	if err := k.PutAccessKey(key); err != nil {
		return nil, &badControl{http.StatusBadRequest, err.Error()}
	}
	return &accessKeyView{key.ID}, nil
}

func (k *KMS) postReset(r *http.Request) ([]keyView, error) {
	var want struct {
		Seed *Seed `json:"seed"`
	}
	if err := read(r, &want); err != nil {
		return nil, err
	}
	if err := k.Reset(want.Seed); err != nil {
		return nil, &badControl{http.StatusBadRequest, fmt.Sprintf("resetting: %v", err)}
	}
	return k.getKeys(r)
}
