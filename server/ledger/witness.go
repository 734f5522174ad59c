package ledger

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"keyferry/server/store"
)

// Witness is somebody else's server that cosigns checkpoints, as C2SP tlog-witness has it: only
// those that continue what it has seen before. So nobody can show two histories, whatever keys they
// have.
type Witness struct {
	URL string // to which /add-checkpoint is added
	Key note.Verifier
}

// ParseWitness reads a witness: its key and its address, with a space between them.
func ParseWitness(text string) (Witness, error) {
	key, address, ok := strings.Cut(strings.TrimSpace(text), " ")
	verifier, err := ParseWitnessKey(key)
	if err != nil || !ok || !strings.HasPrefix(address, "http") {
		return Witness{}, errors.New("a witness is its public key, a space, and its address")
	}
	return Witness{strings.TrimSuffix(strings.TrimSpace(address), "/"), verifier}, nil
}

// ParseWitnessKey reads the public key of a witness: name+hash+key, for cosignature/v1.
func ParseWitnessKey(text string) (note.Verifier, error) {
	fail := errors.New("this is not the public key of a witness, which is name+hash+key")
	parts := strings.SplitN(strings.TrimSpace(text), "+", 3)
	if len(parts) != 3 {
		return nil, fail
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != cosignatureV1 {
		return nil, fail
	}
	w := &witnessKey{name: parts[0], key: key[1:]}
	// The number that identifies a key is defined for all algorithms alike.
	id, err := strconv.ParseUint(parts[1], 16, 32)
	if err != nil || len(parts[1]) != 8 || uint32(id) != keyID(w.name, key) {
		return nil, fail
	}
	w.id = uint32(id)
	return w, nil
}

// cosignatureV1 is the number of the algorithm in C2SP signed-note.
const cosignatureV1 = 4

// keyID is the first 4 bytes of SHA-256 of the name, a line feed and the key, as in signed-note.
func keyID(name string, key []byte) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"), key...))
	return binary.BigEndian.Uint32(sum[:])
}

// witnessKey checks cosignatures: Ed25519 over the checkpoint after two lines, the second of which
// has the time, and that time in 8 bytes before the signature.
type witnessKey struct {
	name string
	id   uint32
	key  ed25519.PublicKey
}

func (w *witnessKey) Name() string    { return w.name }
func (w *witnessKey) KeyHash() uint32 { return w.id }

func (w *witnessKey) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	at := binary.BigEndian.Uint64(signature)
	return ed25519.Verify(w.key, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, text), signature[8:])
}

// Cosign sends the newest checkpoint to witnesses and keeps it with their cosignatures, if all give
// theirs. It returns an error that wraps [ErrAltered] if a witness has seen another history.
func (l *Log) Cosign(ctx context.Context, client *http.Client, witnesses []Witness) error {
	signed, err := l.Checkpoint(ctx)
	if err != nil || len(witnesses) == 0 {
		return err
	}
	tree, err := openCheckpoint(string(signed), l.key.verifier)
	if err != nil {
		return err
	}
	cosigned := signed
	for _, w := range witnesses {
		lines, err := l.ask(ctx, client, w, signed, tree)
		if err != nil {
			return fmt.Errorf("the witness %s: %w", w.Key.Name(), err)
		}
		cosigned = append(cosigned, lines...)
	}
	return l.db.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec("DELETE FROM ledger_cosigned"); err != nil {
			return err
		}
		_, err := tx.Exec("INSERT INTO ledger_cosigned (id, checkpoint) VALUES (1, ?)", string(cosigned))
		return err
	})
}

// CosignEvery calls Cosign again and again until ctx ends. It logs each failure, and the first
// success, at the start and after a failure.
func (l *Log) CosignEvery(ctx context.Context, interval time.Duration, client *http.Client, witnesses []Witness, log *slog.Logger) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	said := false
	for {
		err := l.Cosign(ctx, client, witnesses)
		if err != nil && ctx.Err() == nil {
			log.Error("the ledger was not cosigned", "error", err)
		} else if err == nil && !said {
			log.Info("the ledger was cosigned", "witnesses", len(witnesses))
		}
		said = err == nil
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// ask gets the cosignature of one witness. The first request says what the witness knows, in most
// cases by its refusal.
func (l *Log) ask(ctx context.Context, client *http.Client, w Witness, signed []byte, tree tlog.Tree) ([]byte, error) {
	known := tree.N
	for range 3 {
		body, err := l.witnessRequest(ctx, signed, known, tree)
		if err != nil {
			return nil, err
		}
		status, answer, err := post(ctx, client, w.URL+"/add-checkpoint", body)
		if err != nil {
			return nil, err
		}
		switch status {
		case http.StatusOK:
			if _, err := note.Open(append(bytes.Clone(signed), answer...), note.VerifierList(w.Key)); err != nil {
				return nil, errors.New("its cosignature is not by its key")
			}
			return answer, nil
		case http.StatusUnprocessableEntity:
			return nil, fmt.Errorf("%w: it has seen another history of %d entries", ErrAltered, known)
		case http.StatusConflict:
			known, err = strconv.ParseInt(strings.TrimSpace(string(answer)), 10, 64)
			if err != nil || known < 0 {
				return nil, errors.New("its answer does not say what it has seen")
			}
			if known > tree.N {
				return nil, fmt.Errorf("%w: it has seen %d entries, and there are %d", ErrAltered, known, tree.N)
			}
		default:
			return nil, fmt.Errorf("it answers %d", status)
		}
	}
	return nil, errors.New("it has always seen something else")
}

// witnessRequest returns the body of add-checkpoint: what the witness knows, the proof that the
// tree continues that, and the checkpoint.
func (l *Log) witnessRequest(ctx context.Context, signed []byte, known int64, tree tlog.Tree) ([]byte, error) {
	var proof tlog.TreeProof
	if known > 0 {
		if err := l.db.Read(ctx, func(tx *store.Tx) (err error) {
			proof, err = tlog.ProveTree(tree.N, known, hashes(tx))
			return err
		}); err != nil {
			return nil, err
		}
	}
	body := fmt.Appendf(nil, "old %d\n", known)
	for _, hash := range proof {
		body = fmt.Appendf(body, "%s\n", hash)
	}
	return append(append(body, '\n'), signed...), nil
}

func post(ctx context.Context, client *http.Client, address string, body []byte) (status int, answer []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	got, err := client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer got.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(got.Body, 16<<10))
	return got.StatusCode, answer, err
}

// Cosigned returns the newest checkpoint that witnesses have cosigned, or nil.
func (l *Log) Cosigned(ctx context.Context) ([]byte, error) { return database{l.db}.Cosigned(ctx) }

func (d database) Cosigned(ctx context.Context) (checkpoint []byte, err error) {
	err = d.db.Read(ctx, func(tx *store.Tx) error {
		err := tx.QueryRow("SELECT checkpoint FROM ledger_cosigned WHERE id = 1").Scan(&checkpoint)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return checkpoint, err
}

// Cosignature is what one witness said.
type Cosignature struct {
	Witness string
	At      time.Time
	Entries int64
}

// openCosigned checks that all witnesses have cosigned a checkpoint.
func openCosigned(checkpoint []byte, key note.Verifier, witnesses []note.Verifier) ([]Cosignature, error) {
	if len(checkpoint) == 0 {
		return nil, fmt.Errorf("%w, or never shown to the witness: it has no checkpoint that a witness cosigned", ErrAltered)
	}
	tree, err := openCheckpoint(string(checkpoint), key)
	if err != nil {
		return nil, err
	}
	var all []Cosignature
	for _, w := range witnesses {
		n, err := note.Open(checkpoint, note.VerifierList(w))
		if err != nil {
			return nil, fmt.Errorf("%w: its cosigned checkpoint is not cosigned by the witness %s", ErrAltered, w.Name())
		}
		at, err := torchwood.CosignatureTimestamp(n.Sigs[0])
		if err != nil {
			return nil, err
		}
		all = append(all, Cosignature{w.Name(), time.Unix(at, 0).UTC(), tree.N})
	}
	return all, nil
}
