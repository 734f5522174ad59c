package textfile_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"keyferry/server/textfile"
)

func write(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestByteOrderMarks(t *testing.T) {
	for name, content := range map[string]string{
		"none": "a\u5bc6", "UTF-8": "\xef\xbb\xbfa\u5bc6", "UTF-16LE": "\xff\xfea\x00\xc6\x5b", "UTF-16BE": "\xfe\xff\x00a\x5b\xc6",
	} {
		file := write(t, content)
		for reader, read := range map[string]func() ([]byte, error){
			"Read":        func() ([]byte, error) { return textfile.Read(file) },
			"ReadRegular": func() ([]byte, error) { return textfile.ReadRegular(file, 100) },
		} {
			if got, err := read(); err != nil || string(got) != "a\u5bc6" {
				t.Errorf("%s of %s is %q, %v", reader, name, got, err)
			}
		}
	}
}

func TestReadRegularRefuses(t *testing.T) {
	folder := t.TempDir()
	pipe, loop := filepath.Join(folder, "pipe"), filepath.Join(folder, "loop")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	for name, why := range map[string]string{
		folder: "directory", pipe: "regular", "/dev/zero": "regular", loop: "symbolic links",
		write(t, strings.Repeat("x", 1025)): "larger than 1 KiB", filepath.Join(folder, "none"): "no such file",
	} {
		_, err := textfile.ReadRegular(name, 1024)
		if err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: error is %v, want one about %q", name, err, why)
		}
		if err != nil && strings.Contains(err.Error(), folder) {
			t.Errorf("error holds the file's name: %v", err)
		}
	}
}

func TestReadTakesAPipe(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	go func() {
		defer writer.Close()
		writer.WriteString("[]")
	}()
	got, err := textfile.Read("/dev/fd/" + fmt.Sprint(reader.Fd()))
	if err != nil || !bytes.Equal(got, []byte("[]")) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestCertificates(t *testing.T) {
	if roots, err := textfile.Certificates(""); roots != nil || err != nil {
		t.Errorf("no file gives %v, %v", roots, err)
	}
	junk := write(t, "no certificate")
	for _, name := range []string{junk, junk + ".not"} {
		if _, err := textfile.Certificates(name); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error is %v, want one that names %s", err, name)
		}
	}
}
