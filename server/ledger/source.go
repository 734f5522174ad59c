package ledger

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"
)

// Source is where a ledger is read from, to check or to export it. It is not trusted.
type Source interface {
	// Checkpoint returns the newest checkpoint, a signed note.
	Checkpoint(ctx context.Context) ([]byte, error)
	// Cosigned returns the newest checkpoint that witnesses have cosigned, or nil.
	Cosigned(ctx context.Context) ([]byte, error)
	// Entries calls f with each of the first size entries, in order.
	Entries(ctx context.Context, size int64, f func(entry []byte) error) error
}

// maxAnswer is the largest answer of a server that is read: a tile of the largest entries.
const maxAnswer = torchwood.TileWidth * (MaxEntry + 2)

var (
	errNotFound = errors.New("not found")
	errRefused  = errors.New("the server shows entries only to those who are signed in and may read them")
)

// server is a ledger behind an address, as C2SP tlog-tiles has it.
type server struct {
	address string // without a slash at the end
	client  *http.Client
}

// FromURL reads the ledger of a server, such as https://keyferry.example/ledger/log.
func FromURL(address string, client *http.Client) Source {
	return server{strings.TrimSuffix(address, "/"), client}
}

func (s server) Checkpoint(ctx context.Context) ([]byte, error) { return s.get(ctx, "checkpoint") }

func (s server) Cosigned(ctx context.Context) ([]byte, error) {
	checkpoint, err := s.get(ctx, "cosigned")
	if errors.Is(err, errNotFound) {
		return nil, nil
	}
	return checkpoint, err
}

func (s server) Entries(ctx context.Context, size int64, f func([]byte) error) error {
	return s.tiles(ctx, -1, size, func(tile tlog.Tile, bundle []byte) error {
		first := tile.N * torchwood.TileWidth
		for range tile.W {
			entry, rest, err := torchwood.ReadTileEntry(bundle)
			if err != nil {
				return fmt.Errorf("%w: entries from %d to %d are incomplete", ErrAltered, first, first+int64(tile.W)-1)
			}
			if err := f(entry); err != nil {
				return err
			}
			bundle = rest
		}
		if len(bundle) > 0 {
			return fmt.Errorf("%w: there is something after entry %d", ErrAltered, first+int64(tile.W)-1)
		}
		return nil
	})
}

// Hashes calls f with the hash of each of the first size entries, in order.
func (s server) Hashes(ctx context.Context, size int64, f func(tlog.Hash) error) error {
	return s.tiles(ctx, 0, size, func(tile tlog.Tile, hashes []byte) error {
		if len(hashes) != tile.W*tlog.HashSize {
			return fmt.Errorf("%w: %s is incomplete", ErrAltered, torchwood.TilePath(tile))
		}
		for hash := range slices.Chunk(hashes, tlog.HashSize) {
			if err := f(tlog.Hash(hash)); err != nil {
				return err
			}
		}
		return nil
	})
}

// tiles calls f with each tile of the lowest level, -1 for entries and 0 for their hashes.
func (s server) tiles(ctx context.Context, level int, size int64, f func(tlog.Tile, []byte) error) error {
	for first := int64(0); first < size; first += torchwood.TileWidth {
		tile := tlog.Tile{H: torchwood.TileHeight, L: level, N: first / torchwood.TileWidth, W: int(min(size-first, torchwood.TileWidth))}
		data, err := s.get(ctx, torchwood.TilePath(tile))
		if err != nil {
			return err
		}
		if err := f(tile, data); err != nil {
			return err
		}
	}
	return nil
}

func (s server) get(ctx context.Context, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.address+"/"+path, nil)
	if err != nil {
		return nil, err
	}
	answer, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, err
	case answer.StatusCode == http.StatusInternalServerError && strings.HasPrefix(string(body), ErrAltered.Error()):
		return nil, fmt.Errorf("%w, as the server itself says", ErrAltered)
	case answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden:
		return nil, errRefused
	case answer.StatusCode == http.StatusNotFound:
		return nil, fmt.Errorf("the server has no %s: %w", path, errNotFound)
	case answer.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("the server answers %s for %s", answer.Status, path)
	case len(body) > maxAnswer:
		return nil, fmt.Errorf("the server's answer for %s is too long", path)
	}
	return body, nil
}

// exportFormat is in the first line of an export.
const exportFormat = "keyferry ledger 1"

// exportHead is the first line of an export. Each other line is the exact bytes of an entry.
type exportHead struct {
	Format     string `json:"format"`
	Checkpoint string `json:"checkpoint"`
	Cosigned   string `json:"cosigned,omitempty"`
}

// Export writes a ledger as JSON lines: a line with the checkpoint, and then each entry.
func Export(ctx context.Context, from Source, to io.Writer) (entries int64, err error) {
	checkpoint, err := from.Checkpoint(ctx)
	if err != nil {
		return 0, err
	}
	size, err := sizeOf(checkpoint)
	if err != nil {
		return 0, err
	}
	cosigned, err := from.Cosigned(ctx)
	if err != nil {
		return 0, err
	}
	out := bufio.NewWriter(to)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(exportHead{exportFormat, string(checkpoint), string(cosigned)}); err != nil {
		return 0, err
	}
	err = from.Entries(ctx, size, func(entry []byte) error {
		out.Write(entry)
		return out.WriteByte('\n')
	})
	return size, errors.Join(err, out.Flush())
}

// sizeOf returns the size in a checkpoint of which the signature is not checked.
func sizeOf(checkpoint []byte) (int64, error) {
	text, _, _ := strings.Cut(string(checkpoint), "\n\n")
	c, err := torchwood.ParseCheckpoint(text + "\n")
	if err != nil {
		return 0, errors.New("there is no checkpoint")
	}
	return c.N, nil
}

// export is a ledger in a file.
type export struct {
	lines *bufio.Reader
	head  exportHead
}

// FromExport reads what Export wrote. It can be read once.
func FromExport(r io.Reader) (Source, error) {
	e := &export{lines: bufio.NewReaderSize(r, MaxEntry+1)}
	first, err := e.line()
	if err != nil || json.Unmarshal(first, &e.head) != nil || e.head.Format != exportFormat {
		return nil, errors.New("this is not the export of a ledger")
	}
	return e, nil
}

func (e *export) Checkpoint(context.Context) ([]byte, error) { return []byte(e.head.Checkpoint), nil }

func (e *export) Cosigned(context.Context) ([]byte, error) { return []byte(e.head.Cosigned), nil }

func (e *export) Entries(ctx context.Context, size int64, f func([]byte) error) error {
	for n := range size {
		if err := ctx.Err(); err != nil {
			return err
		}
		entry, err := e.line()
		if err == io.EOF {
			return fmt.Errorf("%w: it ends after %d of %d entries", ErrAltered, n, size)
		}
		if err != nil {
			return err
		}
		if err := f(entry); err != nil {
			return err
		}
	}
	if _, err := e.line(); err != io.EOF {
		return fmt.Errorf("%w: it has more than the %d entries of its checkpoint", ErrAltered, size)
	}
	return nil
}

// line returns the next line without its end, until the next call.
func (e *export) line() ([]byte, error) {
	line, err := e.lines.ReadSlice('\n')
	switch {
	case err == nil:
		return line[:len(line)-1], nil
	case errors.Is(err, bufio.ErrBufferFull) || len(line) > 0:
		return nil, fmt.Errorf("%w: a line is too long or has no end", ErrAltered)
	}
	return nil, err
}
