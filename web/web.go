// Package web holds the files that a browser loads: styles, scripts and the WebAssembly module,
// embedded in the binary.
//
// All of them are served under one path that carries the digest of the whole tree, so that they can
// be cached for ever and relative imports between modules keep working. Files with a twin ending in
// .br or .gz are served compressed to browsers that ask for it; make writes the twins.
package web

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

//go:embed all:static
var embedded embed.FS

//go:embed all:desk
var joined embed.FS

// Names of the files that the console has to know, relative to the tree.
const (
	Module   = "wasm/keyferry.wasm" // everything that has to do with key material
	Strength = "wasm/strength.wasm" // estimates passphrases
	Worker   = "js/worker.js"
	Runtime  = "wasm/wasm_exec.js" // starts modules; the one file that the worker's script imports
)

// Modules are the files that a worker may fetch.
var Modules = []string{Module, Strength}

// ErrNoModule reports a binary that was built without a WebAssembly module; make wasm builds them.
var ErrNoModule = errors.New("the WebAssembly module is not built in: run make wasm, then build again")

// Tree is the set of files to serve.
type Tree struct {
	files  map[string]*file
	digest string
}

// file is one file of the tree. Its bytes stay where they are, in the program or on disk: copies of
// the modules would take more memory than everything else that the console does.
type file struct {
	mediaType string
	root      fs.FS
	plain     string // name in root
	brotli    string // of the twin; empty where there is none
	gzip      string
	sha256    [sha256.Size]byte
}

// Embedded is the tree inside this binary.
func Embedded() (*Tree, error) {
	root, err := fs.Sub(embedded, "static")
	if err != nil {
		return nil, fmt.Errorf("opening the embedded files: %v", err)
	}
	return ReadTree(root)
}

// ReadTree reads every file of root. Files of a kind that a browser does not load are left out.
func ReadTree(root fs.FS) (*Tree, error) {
	tree := &Tree{files: map[string]*file{}}
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		mediaType, ok := mediaTypes[path.Ext(name)]
		if !ok {
			return nil
		}
		return tree.add(root, name, mediaType)
	})
	if err != nil {
		return nil, fmt.Errorf("reading static files: %v", err)
	}
	tree.digest = tree.sum()
	return tree, nil
}

var mediaTypes = map[string]string{
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
	".wasm": "application/wasm",
}

func (t *Tree) add(root fs.FS, name, mediaType string) error {
	f := &file{mediaType: mediaType, root: root, plain: name}
	opened, err := root.Open(name)
	if err != nil {
		return err
	}
	defer opened.Close()
	whole := sha256.New()
	if _, err := io.Copy(whole, opened); err != nil {
		return err
	}
	whole.Sum(f.sha256[:0])
	for suffix, twin := range map[string]*string{".br": &f.brotli, ".gz": &f.gzip} {
		switch _, err := fs.Stat(root, name+suffix); {
		case err == nil:
			*twin = name + suffix
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	t.files[name] = f
	return nil
}

// sum is the digest of all names and contents, short enough for a path: 16 bytes of a SHA-256.
func (t *Tree) sum() string {
	whole := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(t.files)) {
		fmt.Fprintf(whole, "%s %x\n", name, t.files[name].sha256)
	}
	return hex.EncodeToString(whole.Sum(nil)[:16])
}

// Digest names this exact set of files: 32 hexadecimal digits.
func (t *Tree) Digest() string { return t.digest }

// Names lists the files of the tree, sorted.
func (t *Tree) Names() []string { return slices.Sorted(maps.Keys(t.files)) }

// DeskScripts are the two scripts of the desk's file, each joined into one text: the page's and the
// worker's.
func DeskScripts() (page, worker []byte, err error) {
	if page, err = joined.ReadFile("desk/page.js"); err == nil {
		worker, err = joined.ReadFile("desk/worker.js")
	}
	if err != nil {
		return nil, nil, ErrNoModule
	}
	return page, worker, nil
}

// ConnectedDeskScript is the page's script of a desk that may reach the KMS. Its worker's is that of
// every desk.
func ConnectedDeskScript() ([]byte, error) {
	page, err := joined.ReadFile("desk/connected.js")
	if err != nil {
		return nil, ErrNoModule
	}
	return page, nil
}

// ManyDeskScript is the page's script of a desk for many keys. Its worker's is that of every desk.
func ManyDeskScript() ([]byte, error) {
	page, err := joined.ReadFile("desk/many.js")
	if err != nil {
		return nil, ErrNoModule
	}
	return page, nil
}

// Read returns one file, as it is or, with its twin's suffix, as it is compressed:
// "wasm/keyferry.wasm.gz".
func (t *Tree) Read(name string) ([]byte, error) {
	plain := strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".br")
	f, ok := t.files[plain]
	if !ok || !slices.Contains([]string{f.plain, f.brotli, f.gzip}, name) {
		return nil, missing(plain)
	}
	return fs.ReadFile(f.root, name)
}

// SHA256 is the digest of one file in hexadecimal, and Integrity the same as fetch and script take
// it.
func (t *Tree) SHA256(name string) (string, error) {
	f, ok := t.files[name]
	if !ok {
		return "", missing(name)
	}
	return hex.EncodeToString(f.sha256[:]), nil
}

// Integrity is the digest of one file in the form of Subresource Integrity: sha256-<base64>.
func (t *Tree) Integrity(name string) (string, error) {
	f, ok := t.files[name]
	if !ok {
		return "", missing(name)
	}
	return "sha256-" + base64.StdEncoding.EncodeToString(f.sha256[:]), nil
}

func missing(name string) error {
	if slices.Contains(Modules, name) {
		return ErrNoModule
	}
	return fmt.Errorf("no static file %s: %w", name, fs.ErrNotExist)
}

// Serve answers with one file, compressed if the browser takes that, to be kept for ever. It
// reports false, and writes nothing, where there is no such file. Only what the tree holds can be
// named, so a path cannot leave it.
func (t *Tree) Serve(w http.ResponseWriter, r *http.Request, name string) bool {
	f, ok := t.files[name]
	if !ok {
		return false
	}
	body, coding := f.plain, ""
	switch accepted := r.Header.Get("Accept-Encoding"); {
	case f.brotli != "" && accepts(accepted, "br"):
		body, coding = f.brotli, "br"
	case f.gzip != "" && accepts(accepted, "gzip"):
		body, coding = f.gzip, "gzip"
	}
	opened, err := f.root.Open(body)
	if err != nil {
		return false
	}
	defer opened.Close()
	info, err := opened.Stat()
	if err != nil {
		return false
	}
	header := w.Header()
	header.Set("Content-Type", f.mediaType)
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	header.Set("Vary", "Accept-Encoding")
	header.Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	if coding != "" {
		header.Set("Content-Encoding", coding)
	}
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		io.Copy(w, opened) // the browser may have gone away; there is nobody to tell
	}
	return true
}

// accepts reports whether an Accept-Encoding header names a coding and does not forbid it with q=0.
func accepts(header, coding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, parameters, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(name), coding) {
			weight := strings.ReplaceAll(parameters, " ", "")
			return !strings.HasPrefix(weight, "q=0") || strings.Trim(weight[3:], ".0") != ""
		}
	}
	return false
}
