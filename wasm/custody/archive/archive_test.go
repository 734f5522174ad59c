package archive_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"

	"keyferry/wasm/custody/archive"
	"keyferry/wasm/custody/backup"
	"keyferry/wasm/keywrap"
)

// identity opens the archives of these tests.
func identity(t testing.TB) *age.X25519Identity {
	t.Helper()
	made, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func with(id *age.X25519Identity) backup.With { return backup.With{Identity: []byte(id.String())} }

// made is an archive of so many keys with a manifest.
func made(t testing.TB, id *age.X25519Identity, count int, manifest string) ([]byte, map[string]keywrap.Material) {
	t.Helper()
	var file bytes.Buffer
	w, err := archive.NewWriter(&file, backup.To{Recipients: []string{id.Recipient().String()}}, time.Unix(1767225600, 0))
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]keywrap.Material{}
	for i := range count {
		var m keywrap.Material
		rand.Read(m[:])
		name := fmt.Sprintf("key-hzz%08d", i)
		if err := w.Add(name, &m); err != nil {
			t.Fatal(err)
		}
		keys[name] = m
	}
	if manifest != "" {
		if err := w.BeginManifest(int64(len(manifest))); err != nil {
			t.Fatal(err)
		}
		for piece := range strings.Lines(manifest) {
			if _, err := w.Write([]byte(piece)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes(), keys
}

// read is everything in an archive.
func read(file io.Reader, opens backup.With) (map[string]keywrap.Material, string, error) {
	r, err := archive.Open(file, opens)
	if err != nil {
		return nil, "", err
	}
	keys, manifest := map[string]keywrap.Material{}, ""
	for {
		var m keywrap.Material
		id, err := r.Next(&m, func(piece []byte) error {
			manifest += string(piece)
			return nil
		})
		if err == io.EOF {
			return keys, manifest, nil
		}
		if err != nil {
			return keys, manifest, err
		}
		if id != "" {
			keys[id] = m
		}
	}
}

func TestRoundTrip(t *testing.T) {
	id := identity(t)
	for _, count := range []int{1, 2, 63, 64, 1000} {
		manifest := strings.Repeat("a line of the manifest\n", count)
		file, want := made(t, id, count, manifest)
		got, said, err := read(bytes.NewReader(file), with(id))
		if err != nil || said != manifest || len(got) != count {
			t.Fatalf("%d keys: read %d and a manifest of %d bytes, want %d: %v", count, len(got), len(said), len(manifest), err)
		}
		for name, m := range want {
			if got[name] != m {
				t.Errorf("%d keys: that of %s is another", count, name)
			}
		}
	}
}

func TestArmored(t *testing.T) {
	id := identity(t)
	file, want := made(t, id, 600, "manifest\n")
	var text bytes.Buffer
	w := armor.NewWriter(&text)
	w.Write(file)
	w.Close()
	armored := text.String()
	if got, _, err := read(&text, with(id)); err != nil || len(got) != len(want) {
		t.Errorf("read %d keys from armor, want %d: %v", len(got), len(want), err)
	}
	lines := strings.Split(strings.TrimSpace(armored), "\n")
	with3 := func(line string) string {
		return strings.Join(slices.Insert(slices.Clone(lines), 3, line), "\n") + "\n"
	}
	for name, test := range map[string]struct {
		text string
		good bool
	}{
		"lines that end in CRLF":     {strings.ReplaceAll(armored, "\n", "\r\n"), true},
		"no end of the last line":    {strings.TrimSpace(armored), true},
		"white space behind it":      {armored + " \n\n\t", true},
		"text behind it":             {armored + "more\n", false},
		"no footer":                  {strings.Join(lines[:len(lines)-1], "\n") + "\n", false},
		"cut within a line":          {armored[:len(armored)/2], false},
		"a line less":                {strings.Join(slices.Delete(slices.Clone(lines), 3, 4), "\n") + "\n", false},
		"a line that is not base64":  {with3("!!!!"), false},
		"a line that is too long":    {with3(lines[3] + "AAAA"), false},
		"a line without any end":     {lines[0] + "\n" + strings.Repeat("A", 1<<20), false},
		"the footer twice":           {armored + lines[len(lines)-1] + "\n", false},
		"bits behind the last digit": {strings.Replace(armored, lines[2], lines[2][:62]+"B=", 1), false},
	} {
		got, _, err := read(strings.NewReader(test.text), with(id))
		if taken := err == nil && len(got) == len(want); taken != test.good {
			t.Errorf("%s: read %d keys, %v", name, len(got), err)
		}
	}
}

// TestDamaged cuts an archive at many places and changes bytes at many others: it is never taken for
// whole.
func TestDamaged(t *testing.T) {
	id := identity(t)
	file, _ := made(t, id, 150, "manifest\n")
	for at := 0; at < len(file); at += 997 {
		if _, _, err := read(bytes.NewReader(file[:at]), with(id)); err == nil {
			t.Errorf("cut after %d bytes of %d, it was taken", at, len(file))
		}
		changed := bytes.Clone(file)
		changed[at] ^= 1
		if _, _, err := read(bytes.NewReader(changed), with(id)); err == nil {
			t.Errorf("with byte %d changed, it was taken", at)
		}
	}
}

// sealed encrypts anything.
func sealed(t testing.TB, id *age.X25519Identity, content []byte) io.Reader {
	t.Helper()
	var file bytes.Buffer
	w, err := age.Encrypt(&file, id.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	w.Write(content)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &file
}

// TestRefused reads age files that hold something else than an archive as it must be.
func TestRefused(t *testing.T) {
	id := identity(t)
	plain, err := age.Decrypt(func() io.Reader { f, _ := made(t, id, 3, "manifest\n"); return bytes.NewReader(f) }(), id)
	if err != nil {
		t.Fatal(err)
	}
	tar, err := io.ReadAll(plain)
	if err != nil {
		t.Fatal(err)
	}
	renamed := func(name string) []byte {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, name), make([]byte, 32), 0o600); err != nil {
			t.Fatal(err)
		}
		return tarOf(t, folder)
	}
	sized := func(size int) []byte {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, "key-hzz1.key"), make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		return tarOf(t, folder)
	}
	wrongSum := bytes.Clone(tar)
	wrongSum[1024]++
	for _, test := range []struct {
		name    string
		content []byte
		want    error
	}{
		{"nothing", nil, archive.CodeNotArchive},
		{"the backup of one key", make([]byte, 32), archive.CodeNotArchive},
		{"random bytes", random(4096), archive.CodeNotArchive},
		{"zeros", make([]byte, 10240), archive.CodeNotArchive},
		{"a tar without its end", tar[:3*1024], archive.CodeDamaged},
		{"a tar that ends within a file", tar[:512+16], archive.CodeDamaged},
		{"a header with another sum", wrongSum, archive.CodeDamaged},
		{"a name that is none", renamed("a key!.key"), archive.CodeKeyName},
		{"a key of 31 bytes", sized(31), archive.CodeKeySize},
		{"a key of 33 bytes", sized(33), archive.CodeKeySize},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, _, err := read(sealed(t, id, test.content), with(id)); !errors.Is(err, test.want) {
				t.Errorf("reading gives %v, want %v", err, test.want)
			}
		})
	}
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// tarOf is what the tar command makes of a folder.
func tarOf(t testing.TB, folder string, flags ...string) []byte {
	t.Helper()
	if runtime.GOOS == "js" {
		t.Skip("WebAssembly starts no programs; the same test runs outside of it")
	}
	output, err := exec.Command("tar", append(flags, "-c", "-C", folder, ".")...).Output()
	if err != nil {
		t.Fatalf("tar: %v", err)
	}
	return output
}

// TestTarCommand reads what the tar command makes, in each of its formats, and has it read what this
// package makes.
func TestTarCommand(t *testing.T) {
	id := identity(t)
	folder := t.TempDir()
	want := map[string]keywrap.Material{}
	long := filepath.Join(folder, strings.Repeat("a-folder-with-a-long-name/", 5))
	if err := os.MkdirAll(long, 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		m := keywrap.Material(random(32))
		name := fmt.Sprintf("1234abcd-12ab-34cd-56ef-12345678abc%d", i)
		want[name] = m
		where := folder
		if i == 4 {
			where = long
		}
		if err := os.WriteFile(filepath.Join(where, name+".key"), m[:], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "README"), random(3000), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"gnu", "oldgnu", "pax", "ustar", "v7"} {
		flags := []string{"--format=" + format}
		if format == "v7" {
			flags = append(flags, "--exclude=./a-folder*") // it has no room for the long name
		}
		got, _, err := read(sealed(t, id, tarOf(t, folder, flags...)), with(id))
		if err != nil || len(got) != len(want) && (format != "v7" || len(got) != 4) {
			t.Errorf("%s: read %d keys: %v", format, len(got), err)
		}
		for name, m := range got {
			if m != want[name] {
				t.Errorf("%s: the key of %s is another", format, name)
			}
		}
	}

	file, keys := made(t, id, 70, strings.Repeat("{}\n", 50000))
	plain, err := age.Decrypt(bytes.NewReader(file), id)
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	extract := exec.Command("tar", "-x", "-C", out)
	extract.Stdin = plain
	if output, err := extract.CombinedOutput(); err != nil || len(output) > 0 {
		t.Fatalf("tar -x: %v %s", err, output)
	}
	for name, m := range keys {
		if content, err := os.ReadFile(filepath.Join(out, name+".key")); err != nil || keywrap.Material(content) != m {
			t.Errorf("tar gives other bytes for %s: %v", name, err)
		}
	}
}

// TestWriterRefuses what would not be an archive.
func TestWriterRefuses(t *testing.T) {
	id := identity(t)
	to := backup.To{Recipients: []string{id.Recipient().String()}}
	w, err := archive.NewWriter(io.Discard, to, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	m := keywrap.Material(random(32))
	for _, name := range []string{"", "../etc/passwd", "a/b", strings.Repeat("a", 65), "key hzz"} {
		if err := w.Add(name, &m); err != archive.CodeKeyName {
			t.Errorf("a key called %q: %v", name, err)
		}
	}
	if err := w.BeginManifest(10); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 11)); err != archive.CodeManifest {
		t.Errorf("more manifest than announced: %v", err)
	}
	if err := w.Close(); err != archive.CodeManifest {
		t.Errorf("less manifest than announced: %v", err)
	}
}

func FuzzTar(f *testing.F) {
	id := identity(f)
	f.Add(random(1024))
	f.Fuzz(func(t *testing.T, content []byte) {
		read(sealed(t, id, content), with(id))
	})
}
