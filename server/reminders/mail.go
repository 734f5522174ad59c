package reminders

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"keyferry/server/address"
)

const mailChannel = "mail"

// MailConfig says how mail is sent.
type MailConfig struct {
	Server   string // smtp://host[:587], which must offer STARTTLS unless host is loopback, or smtps://host[:465]
	From     string // address of the sender
	User     string // empty means no authentication
	Password string
	CAFile   string // certificates to trust, in PEM, instead of the system's; empty means those
}

// Mailer sends mail through one server.
type Mailer struct {
	from, domain string
	client       *mail.Client
}

// NewMailer checks a configuration. It connects to nothing.
func NewMailer(config MailConfig) (*Mailer, error) {
	server, err := url.Parse(config.Server)
	if err != nil || server.Hostname() == "" || server.User != nil || server.Scheme != "smtp" && server.Scheme != "smtps" {
		return nil, errors.New("the mail server must be smtp://host or smtps://host, with a port if it has another than 587 or 465, and without a password")
	}
	m := &Mailer{from: config.From}
	probe := mail.NewMsg()
	if err := probe.From(config.From); err != nil {
		return nil, errors.New("the sender of mail must be an address, such as keyferry@example.com")
	}
	_, m.domain, _ = strings.Cut(probe.GetFromString()[0], "@")
	m.domain = strings.TrimSuffix(m.domain, ">")
	options, err := mailOptions(server, config)
	if err != nil {
		return nil, err
	}
	if m.client, err = mail.NewClient(server.Hostname(), options...); err != nil {
		return nil, fmt.Errorf("setting up mail: %v", err)
	}
	return m, nil
}

func mailOptions(server *url.URL, config MailConfig) ([]mail.Option, error) {
	trusted := &tls.Config{ServerName: server.Hostname(), MinVersion: tls.VersionTLS12}
	if config.CAFile != "" {
		pem, err := os.ReadFile(config.CAFile)
		if err != nil {
			return nil, err
		}
		trusted.RootCAs = x509.NewCertPool()
		if !trusted.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s has no certificate in PEM", config.CAFile)
		}
	}
	port, policy := 587, mail.TLSMandatory
	if server.Scheme == "smtps" {
		port = 465
	} else if address.Loopback(server.Hostname()) && config.CAFile == "" {
		policy = mail.NoTLS // a relay on this computer
	}
	if given := server.Port(); given != "" {
		port, _ = strconv.Atoi(given) // url.Parse has checked it
	}
	options := []mail.Option{mail.WithPort(port), mail.WithTLSConfig(trusted), mail.WithTimeout(20 * time.Second)}
	if server.Scheme == "smtps" {
		options = append(options, mail.WithSSL())
	} else {
		options = append(options, mail.WithTLSPolicy(policy))
	}
	if config.User != "" {
		auth := mail.SMTPAuthAutoDiscover
		options = append(options, mail.WithSMTPAuth(auth), mail.WithUsername(config.User), mail.WithPassword(config.Password))
	}
	return options, nil
}

// send sends one mail. Its Message-ID follows from the id, so that programs which get it twice can
// tell.
func (m *Mailer) send(ctx context.Context, id, to string, what message) *failure {
	letter := mail.NewMsg()
	if err := errors.Join(letter.From(m.from), letter.To(to)); err != nil {
		return &failure{problem: "not an address", final: true}
	}
	letter.SetMessageIDWithValue(id + "@" + m.domain)
	letter.SetDate()
	letter.SetUserAgent("Keyferry")
	letter.Subject(what.subject)
	letter.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's program answers
	letter.SetBodyString(mail.TypeTextPlain, what.text+"\n")
	err := m.client.DialAndSendWithContext(ctx, letter)
	if err == nil || letter.IsDelivered() { // then only the farewell went wrong
		return nil
	}
	return mailFailure(err)
}

// mailFailure says why a mail was not delivered, without the server's words, which can repeat an
// address. After the message was sent and before the server's answer, nobody knows whether it has
// it.
func mailFailure(err error) *failure {
	var refused *mail.SendError
	if !errors.As(err, &refused) {
		var broken net.Error
		if errors.As(err, &broken) && broken.Timeout() {
			return &failure{problem: "the mail server did not answer"}
		}
		return &failure{problem: "no connection to the mail server, or it refused the sign-in"}
	}
	code := refused.ErrorCode()
	if code == 0 && refused.Reason == mail.ErrSMTPDataClose {
		return &failure{problem: "the mail server did not answer after the message", unsure: true}
	}
	final := code >= 500 && refused.Reason != mail.ErrConnCheck
	return &failure{problem: fmt.Sprintf("the mail server refused: %s, code %d", refused.Reason, code), final: final}
}
