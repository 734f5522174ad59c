package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Flags of reminders that make no sense stop the program, which says what is wrong.
func TestReminderFlagsThatMakeNoSense(t *testing.T) {
	folder := t.TempDir()
	hooks := filepath.Join(folder, "hooks.json")
	if err := os.WriteFile(hooks, []byte(`[{"Name": "ops", "Kind": "slack", "URL": "http://hooks.example.com/hidden"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	team := []string{"--database=" + filepath.Join(folder, "k.db"), "--policy=policy/example", "--demo-people"}
	for words, flags := range map[string][]string{
		"--smtp needs --database":            {"--smtp=smtp://mail.example.com"},
		"--remind-webhooks needs --database": {"--remind-webhooks=" + hooks},
		"--remind: ":                         append(team, "--remind=a week"),
		"--remind-zone: ":                    append(team, "--remind-zone=Mars/Olympus"),
		"must begin with https://":           append(team, "--remind-webhooks="+hooks),
		"--smtp is missing":                  append(team, "--remind-to=ops@example.com"),
		"--smtp-from is missing":             append(team, "--smtp=smtp://mail.example.com"),
		"--smtp-user goes with":              append(team, "--smtp=smtp://mail.example.com", "--smtp-from=k@example.com", "--smtp-user=k"),
		"--smtp: the mail server must be":    append(team, "--smtp=mail.example.com", "--smtp-from=k@example.com"),
		"--drill-every: ":                    append(team, "--drill-every=yearly"),
		"--drill-every must be":              append(team, "--drill-every=7d"),
	} {
		refused(t, words, append([]string{"serve", "--listen=127.0.0.1:0", "--localkms-listen=127.0.0.1:0"}, flags...)...)
	}
}

// The password for the mail server comes from the environment or a file.
func TestSMTPPassword(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("from the file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := reminderFlags{Remind: "30d", SMTP: "smtp://mail.example.com", SMTPFrom: "k@example.com", SMTPUser: "k"}
	if _, err := f.config(terminal{}); err == nil || !strings.Contains(err.Error(), smtpPasswordVariable) {
		t.Errorf("without a password: %v", err)
	}
	t.Setenv(smtpPasswordVariable, "from the environment")
	if _, err := f.config(terminal{}); err != nil {
		t.Error(err)
	}
	t.Setenv(smtpPasswordVariable, "")
	f.SMTPPasswordFile = file
	if config, err := f.config(terminal{}); err != nil || config.Mail == nil || len(config.Leads) != 1 || config.Leads[0] != 30*24*time.Hour {
		t.Errorf("with a file: %+v, %v", config, err)
	}
}
