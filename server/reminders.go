package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
	_ "time/tzdata" // a container without files has no time zones

	"keyferry/components/text"
	"keyferry/server/reminders"
	"keyferry/server/requests"
	"keyferry/server/store"
)

// reminderFlags are the flags of what must not be missed. Secrets come from files and the
// environment.
type reminderFlags struct {
	Remind         string   `default:"90d,30d,7d,1d" placeholder:"DAYS" help:"How long before imported key material expires, or a drill is due, to remind people (${default}). 0d is when the time is over."`
	RemindTo       []string `placeholder:"ADDRESS" help:"A mail address that gets every reminder about keys, besides the people concerned. May be given several times."`
	RemindWebhooks string   `type:"existingfile" placeholder:"FILE" help:"JSON file with the webhooks that get every reminder: DingTalk, Feishu, WeCom, Slack, or any program. See server/reminders/README.md."`
	RemindLanguage []string `enum:"en,zh-CN" default:"en,zh-CN" help:"Languages of reminders, one after the other (${default})."`
	RemindZone     string   `placeholder:"ZONE" help:"Time zone in which reminders show times besides UTC, such as Asia/Shanghai."`
	DrillEvery     string   `default:"365d" placeholder:"DAYS" help:"How often the importer of a key has to prove that its backup is right (${default}). 0d asks nobody."`

	SMTP             string `name:"smtp" placeholder:"URL" help:"Mail server for reminders: smtp://host, which must offer STARTTLS unless it is this computer, or smtps://host."`
	SMTPFrom         string `name:"smtp-from" placeholder:"ADDRESS" help:"Sender of reminders."`
	SMTPUser         string `name:"smtp-user" placeholder:"NAME" help:"User name for the mail server. The password is in KEYFERRY_SMTP_PASSWORD or --smtp-password-file."`
	SMTPPasswordFile string `name:"smtp-password-file" type:"existingfile" placeholder:"FILE" help:"File with the password for the mail server."`
	SMTPCAFile       string `name:"smtp-ca-file" type:"existingfile" placeholder:"FILE" help:"Certificates to trust for the mail server, in PEM, instead of the system's."`
}

// smtpPasswordVariable holds a password, as flags may not.
const smtpPasswordVariable = "KEYFERRY_SMTP_PASSWORD"

// named returns the flags that were set which need a database, for teamFlags.check.
func (f *reminderFlags) named() map[string]bool {
	return map[string]bool{
		"--remind-to": len(f.RemindTo) > 0, "--remind-webhooks": f.RemindWebhooks != "", "--remind-zone": f.RemindZone != "", "--smtp": f.SMTP != "",
	}
}

// drillEvery reads how often drills are.
func (f *reminderFlags) drillEvery() (time.Duration, error) {
	every, err := reminders.ParseLeads(f.DrillEvery)
	if err != nil || len(every) != 1 {
		return 0, fmt.Errorf("--drill-every: %q is no number of days, such as 365d", f.DrillEvery)
	}
	if every[0] != 0 && every[0] <= requests.DrillAhead {
		return 0, errors.New("--drill-every must be more than 30 days, since drills are asked for 30 days ahead")
	}
	return every[0], nil
}

// config reads everything that reminders need, so that a mistake stops the program.
func (f *reminderFlags) config(t terminal) (config reminders.Config, err error) {
	config.Log, config.To = t.log, f.RemindTo
	if config.Leads, err = reminders.ParseLeads(f.Remind); err != nil {
		return config, fmt.Errorf("--remind: %w", err)
	}
	for _, tag := range f.RemindLanguage {
		config.Words = append(config.Words, text.Match(tag))
	}
	if f.RemindZone != "" {
		if config.Zone, err = time.LoadLocation(f.RemindZone); err != nil {
			return config, fmt.Errorf("--remind-zone: there is no time zone %q", f.RemindZone)
		}
	}
	if f.RemindWebhooks != "" {
		if config.Webhooks, err = reminders.LoadWebhooks(f.RemindWebhooks); err != nil {
			return config, fmt.Errorf("--remind-webhooks: %w", err)
		}
	}
	config.Mail, err = f.mailer()
	return config, err
}

// mailer sets mail up, if it is wanted.
func (f *reminderFlags) mailer() (*reminders.Mailer, error) {
	if f.SMTP == "" {
		if f.SMTPFrom != "" || f.SMTPUser != "" || len(f.RemindTo) > 0 {
			return nil, errors.New("--smtp is missing: without a mail server no mail is sent")
		}
		return nil, nil
	}
	password := os.Getenv(smtpPasswordVariable)
	if f.SMTPPasswordFile != "" {
		content, err := os.ReadFile(f.SMTPPasswordFile)
		if err != nil {
			return nil, fmt.Errorf("--smtp-password-file: %w", err)
		}
		password = strings.TrimRight(string(content), "\r\n")
	}
	switch {
	case f.SMTPFrom == "":
		return nil, errors.New("--smtp-from is missing: the address that reminders come from")
	case (f.SMTPUser == "") != (password == ""):
		return nil, fmt.Errorf("--smtp-user goes with a password in %s or --smtp-password-file", smtpPasswordVariable)
	}
	mailer, err := reminders.NewMailer(reminders.MailConfig{
		Server: f.SMTP, From: f.SMTPFrom, User: f.SMTPUser, Password: password, CAFile: f.SMTPCAFile,
	})
	if err != nil {
		return nil, fmt.Errorf("--smtp: %w", err)
	}
	return mailer, nil
}

// startReminders completes a configuration and returns the service.
func (r *team) startReminders(config reminders.Config, base string) (err error) {
	config.DB, config.Keys, config.BaseURL = r.db, r.requests, base
	r.reminders, err = reminders.New(config)
	return err
}

// waits reminds approvers, in the transaction of a submission.
func (r *team) waits(tx *store.Tx, about *requests.Request) error {
	return r.reminders.Waits(tx, about)
}
