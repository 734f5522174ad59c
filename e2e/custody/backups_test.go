package custody

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/wasm/keywrap"
)

// An age file that the age command made, to a recipient, is a source; and what the page makes, the
// age command opens.
func TestAgeCommand(t *testing.T) {
	for _, program := range []string{"age", "age-keygen"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is missing: run make tools", program)
		}
	}
	p := program.Start(t)
	identity := filepath.Join(t.TempDir(), "identity.txt")
	if output, err := exec.Command("age-keygen", "-o", identity).CombinedOutput(); err != nil {
		t.Fatalf("age-keygen: %v\n%s", err, output)
	}
	recipient, err := exec.Command("age-keygen", "-y", identity).Output()
	if err != nil {
		t.Fatal(err)
	}
	secret, err := os.ReadFile(identity)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(secret)), "\n")

	t.Run("opens what the page made", func(t *testing.T) {
		key := program.Seeded[0]
		v := browser.Open(p, t, browser.Look{}, "/")
		v.ToStep3(key)
		v.Do(v.Page.Locator("#protection-recipients").Check())
		v.Do(v.Page.Locator("#recipients").Fill(string(recipient)))
		v.Press(v.Words.Material.Prepare)
		backup := v.SaveBackup()
		opened, err := exec.Command("age", "-d", "-i", identity, backup).Output()
		if err != nil {
			t.Fatalf("age -d: %v", err)
		}
		v.Do(v.Page.Locator("[data-form=proof] details > summary").Click())
		v.File("proof-identity", identity)
		v.File("proof-age", backup)
		v.Do(v.Page.Locator("#proof-secret").Fill(lines[len(lines)-1]))
		v.Press(v.Words.Material.ProveButton)
		v.Fault("secret_twice")
		v.Do(v.Page.Locator("#proof-secret").Fill(""))
		v.Press(v.Words.Material.ProveButton)
		v.See("[data-part=proven]", v.Words.Material.Proven)
		v.See("[data-step=send][data-state=open] h3", "")
		v.Send(key)
		v.Imported(key)
		p.MustHave(t, key, keywrap.Material(opened))
		if name := filepath.Base(backup); !strings.Contains(name, key) || !strings.HasSuffix(name, time.Now().In(browser.Zone).Format("2006-01-02")+".age") {
			t.Errorf("the backup is called %s", name)
		}
	})
	t.Run("makes what the page opens", func(t *testing.T) {
		key, want := program.Seeded[1], program.Fresh(t)
		sealed := exec.Command("age", "-r", strings.TrimSpace(string(recipient)))
		sealed.Stdin = bytes.NewReader(want[:])
		file, err := sealed.Output()
		if err != nil {
			t.Fatalf("age -r: %v", err)
		}
		v := browser.Open(p, t, browser.Look{}, "/")
		v.ToStep3(key)
		v.FromBackup(program.Kept(t, "key.age", file), lines[len(lines)-1])
		v.Send(key)
		v.Imported(key)
		p.MustHave(t, key, want)
		v.MustNotHaveLeaked(key)
	})
}

// The import stays locked until the saved backup was opened on the page, by what opens it.
func TestImportIsLockedUntilTheBackupIsProven(t *testing.T) {
	p := program.Start(t)
	key := program.Seeded[0]
	v := browser.Open(p, t, browser.Look{Language: "zh-CN"}, "/")
	v.ToStep3(key)
	passphrase := v.OfferedPassphrase()
	v.Press(v.Words.Material.Prepare)
	backup := v.SaveBackup()
	locked := func() {
		t.Helper()
		if visible, _ := v.Page.Locator("[data-act=import]").IsVisible(); visible {
			t.Error("the import can be sent")
		}
	}
	locked()
	v.Press(v.Words.Material.ProveButton)
	v.Fault("file_missing")
	v.File("proof-age", backup)
	v.Press(v.Words.Material.ProveButton)
	v.Fault("secret_missing")
	v.Do(v.Page.Locator("#proof-secret").Fill("another-passphrase-of-somebody"))
	v.Press(v.Words.Material.ProveButton)
	v.Fault("backup_wrong_passphrase")
	v.Do(v.Page.Locator("#proof-secret").Fill("AGE-SECRET-KEY-1QQQ"))
	v.Press(v.Words.Material.ProveButton)
	v.Fault("backup_needs_passphrase")
	v.File("proof-age", program.Kept(t, "note.txt", []byte("not a backup")))
	v.Press(v.Words.Material.ProveButton)
	v.Fault("backup_not_age")
	locked()
	content, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	v.File("proof-age", program.Kept(t, "cut.age", content[:len(content)-3]))
	v.Do(v.Page.Locator("#proof-secret").Fill(passphrase))
	v.Press(v.Words.Material.ProveButton)
	v.Fault("backup_damaged")
	locked()
	v.ProveBackup(backup, passphrase)
	v.Send(key)
	v.Imported(key)
}

// A passphrase of the person's own must be one that nobody guesses.
func TestOwnPassphrase(t *testing.T) {
	p := program.Start(t)
	v := browser.Open(p, t, browser.Look{}, "/")
	v.ToStep3(program.Seeded[0])
	field := v.Page.Locator("#passphrase")
	for _, weak := range []string{"password1234", "qwertyuiop[]", "20260101beijing"} {
		v.Do(field.Fill(weak))
		v.Press(v.Words.Material.Prepare)
		v.Fault("passphrase_weak")
	}
	v.Do(field.Fill(""))
	v.Press(v.Words.Material.Prepare)
	v.Fault("passphrase_missing")
	const own = "nine brisk otters polish the granite gong"
	v.Do(field.Fill(own))
	v.Press(v.Words.Material.Prepare)
	v.ProveBackup(v.SaveBackup(), own)
}
