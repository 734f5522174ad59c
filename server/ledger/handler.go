package ledger

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"

	"keyferry/server/store"
)

// Handler serves the log as C2SP tlog-tiles has it: GET /checkpoint, /tile/<level>/<n>[.p/<width>]
// and /tile/entries/<n>[.p/<width>]. Besides that it serves GET /cosigned, the newest checkpoint that
// witnesses have cosigned.
func (l *Log) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /checkpoint", func(w http.ResponseWriter, r *http.Request) {
		checkpoint, err := l.Checkpoint(r.Context())
		serve(w, checkpoint, err, "text/plain; charset=utf-8", "no-store")
	})
	mux.HandleFunc("GET /cosigned", func(w http.ResponseWriter, r *http.Request) {
		checkpoint, err := l.Cosigned(r.Context())
		if err == nil && checkpoint == nil {
			http.NotFound(w, r)
			return
		}
		serve(w, checkpoint, err, "text/plain; charset=utf-8", "no-store")
	})
	mux.HandleFunc("GET /tile/", func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, "/")
		tile, err := torchwood.ParseTilePath(path)
		if err != nil || torchwood.TilePath(tile) != path {
			http.NotFound(w, r)
			return
		}
		bytes, err := l.tile(r.Context(), tile)
		// Private, because not everybody may read the ledger.
		serve(w, bytes, err, "application/octet-stream", "private, max-age=31536000, immutable")
	})
	return mux
}

func serve(w http.ResponseWriter, body []byte, err error, contentType, cache string) {
	switch {
	case errors.Is(err, ErrNoEntry):
		http.Error(w, "no such tile", http.StatusNotFound)
	case errors.Is(err, ErrAltered):
		http.Error(w, ErrAltered.Error(), http.StatusInternalServerError)
	case err != nil:
		http.Error(w, "the ledger cannot be read now", http.StatusServiceUnavailable)
	default:
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Cache-Control", cache)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Write(body)
	}
}

// tile returns the hashes of a tile, or the entries if its level is -1.
func (l *Log) tile(ctx context.Context, t tlog.Tile) (data []byte, err error) {
	err = l.db.Read(ctx, func(tx *store.Tx) error {
		h, err := l.head(tx)
		if err != nil {
			return err
		}
		first, level := t.N*torchwood.TileWidth, max(t.L, 0)*torchwood.TileHeight
		if level > 55 || first < 0 || first+int64(t.W) > h.tree.N>>level {
			return ErrNoEntry
		}
		if t.L < 0 {
			data, err = readBundle(tx, first, t.W)
		} else {
			data, err = readTile(tx, hashPlace(tlog.StoredHashIndex(level, first)), t.W)
		}
		return err
	})
	return data, err
}

// readTile returns consecutive hashes of one level.
func readTile(tx *store.Tx, place int64, width int) ([]byte, error) {
	data, n := make([]byte, 0, width*tlog.HashSize), 0
	err := scanBytes(tx, selectHashes, place, width,
		func(hash []byte) error {
			data, n = append(data, hash...), n+1
			return nil
		})
	if err == nil && (n != width || len(data) != width*tlog.HashSize) {
		err = fmt.Errorf("%w: a hash is gone", ErrAltered)
	}
	return data, err
}

// readBundle returns consecutive entries, each after its length in two bytes.
func readBundle(tx *store.Tx, first int64, width int) (data []byte, err error) {
	n := 0
	err = scanBytes(tx, selectEntries, first, width, func(entry []byte) (err error) {
		n++
		data, err = torchwood.AppendTileEntry(data, entry)
		return err
	})
	if err == nil && n != width {
		err = fmt.Errorf("%w: an entry is gone", ErrAltered)
	}
	return data, err
}

const (
	selectEntries = "SELECT entry FROM ledger_entries WHERE place >= ? AND place < ? ORDER BY place"
	selectHashes  = "SELECT hash FROM ledger_hashes WHERE place >= ? AND place < ? ORDER BY place"
)

// scanBytes calls f with each value of a query for a range of places.
func scanBytes(tx *store.Tx, query string, first int64, width int, f func([]byte) error) error {
	rows, err := tx.Query(query, first, first+int64(width))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var value []byte
		if err := rows.Scan(&value); err != nil {
			return err
		}
		if err := f(value); err != nil {
			return err
		}
	}
	return rows.Err()
}
