package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"keyferry/server/console"
	"keyferry/server/feeds"
	"keyferry/server/ledger"
	"keyferry/server/person"
	"keyferry/server/policy"
	"keyferry/server/reminders"
	"keyferry/server/requests"
	"keyferry/server/signin"
	"keyferry/server/store"
)

// teamFlags are the flags of a console for several people.
type teamFlags struct {
	Database      string   `placeholder:"FILE|URL" help:"Keep import requests, for more people than one: an SQLite file, or postgres://… with the password in KEYFERRY_DATABASE or ~/.pgpass."`
	Policy        string   `type:"existingdir" placeholder:"DIR" help:"Folder with the policies, *.cedar, on who may do what. SIGHUP reloads them. With --database."`
	LedgerKey     string   `placeholder:"FILE" help:"File with the key that signs the ledger. With an SQLite file it is made, by default next to it."`
	LedgerWitness []string `placeholder:"KEY URL" help:"Public key and address of a witness that cosigns the ledger every minute, with a space between them. May be given several times."`
	Demo          bool     `name:"demo-people" help:"Let everybody sign in as one of three made-up people, to try requests out. With the local KMS alone."`

	KMSReadsPerSecond  *float64 `name:"kms-reads-per-second" help:"How many calls of GetParametersForImport to make in a second. 20 unless given, and without --database no limit for the local KMS. Several consoles divide the limit of the account among them."`
	KMSWritesPerSecond *float64 `name:"kms-writes-per-second" help:"The same for ImportKeyMaterial, 10 unless given."`

	reminderFlags
	signin.Flags
}

// databaseVariable may hold a password, as flags may not.
const databaseVariable = "KEYFERRY_DATABASE"

// check refuses flags that make no sense together.
func (f *teamFlags) check(kms string) error {
	if reads, writes := f.pace(kms); f.Database != "" && (reads == 0 || writes == 0) || reads < 0 || writes < 0 {
		return errors.New("--kms-reads-per-second and --kms-writes-per-second must be above 0")
	}
	if f.Database == "" {
		needs := f.reminderFlags.named()
		maps.Copy(needs, map[string]bool{
			"--policy": f.Policy != "", "--ledger-key": f.LedgerKey != "", "--ledger-witness": len(f.LedgerWitness) > 0, "--demo-people": f.Demo, "--oidc-issuer": f.OIDCIssuer != "",
		})
		for flag, set := range needs {
			if set {
				return fmt.Errorf("%s needs --database, since without one the console serves whoever runs it and keeps nothing", flag)
			}
		}
		return nil
	}
	switch {
	case f.Policy == "":
		return errors.New("--database needs --policy: without policies nobody may do anything")
	case f.Demo && kms != "local":
		return errors.New("--demo-people lets everybody be anybody, so it goes with the local KMS alone")
	case f.Demo && f.OIDCIssuer != "":
		return errors.New("--demo-people and --oidc-issuer are two ways to sign in: choose one")
	case !f.Demo && f.OIDCIssuer == "":
		return errors.New("--database needs --oidc-issuer, so that the console knows who asks; to try it out with made-up people, add --demo-people")
	case !f.sqlite() && f.LedgerKey == "":
		return errors.New("--ledger-key is missing: all consoles on one PostgreSQL sign with the same key; keyferry ledger key FILE makes it")
	}
	return f.checkPassword()
}

// pace returns how many calls of each kind to make in a second; 0 sets no limit.
func (f *teamFlags) pace(kms string) (reads, writes float64) {
	if kms != "local" || f.Database != "" {
		reads, writes = requests.DefaultReadsPerSecond, requests.DefaultWritesPerSecond
	}
	if f.KMSReadsPerSecond != nil {
		reads = *f.KMSReadsPerSecond
	}
	if f.KMSWritesPerSecond != nil {
		writes = *f.KMSWritesPerSecond
	}
	return reads, writes
}

// checkPassword refuses a password in a flag, which others on the computer can read.
func (f *teamFlags) checkPassword() error {
	if f.sqlite() || f.Database == os.Getenv(databaseVariable) {
		return nil
	}
	address, err := url.Parse(f.Database)
	if err != nil {
		return errors.New("--database: this is not an address such as postgres://user@host/name") // its text may hold a password
	}
	if _, has := address.User.Password(); has || address.Query().Has("password") {
		return fmt.Errorf("--database: others can read flags, so the password belongs into %s, PGPASSWORD or ~/.pgpass", databaseVariable)
	}
	return nil
}

func (f *teamFlags) sqlite() bool {
	return !strings.HasPrefix(f.Database, "postgres://") && !strings.HasPrefix(f.Database, "postgresql://")
}

// operator makes the sign-in of a console that serves one person in front of Alibaba Cloud: whoever
// can read the terminal, and no other user of the computer.
func (f *teamFlags) operator(t terminal, consoleURL string, w *watch) (*signin.Service, error) {
	return signin.New(signin.Config{
		BaseURL: f.base(consoleURL), OneTime: true, Announce: func(address string) { t.say("Next time, open %s", address) },
		Idle: f.SignInIdle, Limit: f.SignInLimit, Log: t.log, Fail: failSignIn, Observe: w.metrics.SignedIn,
	})
}

// failSignIn answers a script in the console's words.
func failSignIn(w http.ResponseWriter, r *http.Request, fault *signin.Fault) {
	console.FailSignIn(w, r, fault.Status, fault.Code)
}

// base returns the address of the console as browsers have it.
func (f *teamFlags) base(consoleURL string) string {
	if f.BaseURL != "" {
		return f.BaseURL
	}
	return consoleURL
}

// ledgerKey reads the key of the ledger. With an SQLite file it is made where there is none.
func (f *teamFlags) ledgerKey() (ledger.Key, error) {
	return ledger.LoadKey(f.keyFile(), f.sqlite())
}

func (f *teamFlags) keyFile() string {
	if f.LedgerKey != "" {
		return f.LedgerKey
	}
	return strings.TrimPrefix(f.Database, "sqlite:") + ".ledger-key"
}

// witnesses returns those who cosign the ledger.
func (f *teamFlags) witnesses() (all []ledger.Witness, err error) {
	for _, text := range f.LedgerWitness {
		w, err := ledger.ParseWitness(text)
		if err != nil {
			return nil, fmt.Errorf("--ledger-witness: %w", err)
		}
		all = append(all, w)
	}
	return all, nil
}

// team is what runs behind a console for several people.
type team struct {
	db        *store.DB
	log       *ledger.Log
	key       ledger.Key
	policy    *policy.Live
	signin    *signin.Service
	requests  *requests.Service
	reminders *reminders.Service
	feeds     *feeds.Service
	leads     []time.Duration
	stop      context.CancelFunc
	running   sync.WaitGroup
}

// openTeam opens the database and everything that rests on it. Close closes it: what it runs goes on
// after ctx has ended, since the requests that are then finished need it.
func (f *teamFlags) openTeam(ctx context.Context, t terminal, kms requests.KMS, region string, others map[string]requests.KMS, consoleURL string, w *watch) (*team, error) {
	live, err := policy.Watch(f.Policy) // first: a mistake there is the likeliest
	if err != nil {
		return nil, err
	}
	key, err := f.ledgerKey()
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, f.Database)
	if err != nil {
		return nil, err
	}
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	started := context.AfterFunc(ctx, stop)
	running := &team{db: db, key: key, policy: live, stop: stop}
	if err := running.start(life, f, t, kms, region, others, consoleURL, w); err != nil {
		return nil, errors.Join(err, running.close())
	}
	started()
	return running, nil
}

func (r *team) start(ctx context.Context, f *teamFlags, t terminal, kms requests.KMS, region string, others map[string]requests.KMS, consoleURL string, w *watch) (err error) {
	if r.log, err = ledger.Open(ctx, r.db, r.key); err != nil {
		return err
	}
	witnesses, err := f.witnesses()
	if err != nil {
		return err
	}
	reminding, err := f.reminderFlags.config(t)
	if err != nil {
		return err
	}
	drillEvery, err := f.drillEvery()
	if err != nil {
		return err
	}
	config, err := f.Flags.Config()
	if err != nil {
		return err
	}
	config.BaseURL, config.DB, config.Ledger, config.Log, config.Fail = f.base(consoleURL), r.db, r.log, t.log, failSignIn
	config.Observe = w.metrics.SignedIn
	if f.Demo {
		config.Demo, config.LocalKMS, config.StepUp = signin.DemoPeople(), true, false
	}
	if r.signin, err = signin.New(config); err != nil {
		return err
	}
	reads, writes := f.pace("")
	r.requests, err = requests.New(requests.Config{
		DB: r.db, Ledger: r.log, Policy: r.policy, KMS: kms, Region: region, Others: others, Log: t.log, Ended: r.signin.EndGuestLinks,
		ReadsPerSecond: reads, WritesPerSecond: writes,
		DrillEvery: drillEvery, Waits: r.waits, Waited: w.metrics.Waited,
	})
	if err != nil {
		return err
	}
	if err := r.startReminders(reminding, f.base(consoleURL)); err != nil {
		return err
	}
	r.feeds, r.leads = feeds.New(r.db, r.requests, nil), reminding.Leads
	if err := r.recordPolicies(ctx, r.policy.Set()); err != nil {
		return err
	}
	r.policy.OnHangup(ctx, t.log, func(set *policy.Set, failed error) {
		record := func() error { return r.recordPolicies(ctx, set) }
		if failed != nil {
			record = func() error { return r.recordKept(ctx, failed) }
		}
		if err := record(); err != nil {
			t.log.Error("the ledger does not have that policies were reloaded or kept", "error", err)
		}
	})
	r.running.Go(func() { r.requests.Run(ctx) })
	r.running.Go(func() { r.reminders.Run(ctx) })
	if len(witnesses) > 0 {
		r.running.Go(func() {
			r.log.CosignEvery(ctx, time.Minute, &http.Client{Timeout: 20 * time.Second}, witnesses, t.log)
		})
	}
	w.collect(r, t.log)
	f.announce(t, r)
	return nil
}

// announce tells the person who started the program what it works with.
func (f *teamFlags) announce(t terminal, r *team) {
	t.say("Requests are kept in %s. %d policies of %s are in force.", f.place(), r.policy.Set().Len(), f.Policy)
	t.say("Public key of the ledger: %s", r.key.Public())
	if f.Demo {
		t.say("Whoever reaches the console may sign in as any of the made-up people.")
	}
}

// place names the database without a password.
func (f *teamFlags) place() string {
	if address, err := url.Parse(f.Database); err == nil && !f.sqlite() {
		return "PostgreSQL at " + address.Host + address.Path
	}
	return f.Database
}

// recordPolicies writes into the ledger which policies are in force.
func (r *team) recordPolicies(ctx context.Context, set *policy.Set) error {
	return r.db.Write(ctx, func(tx *store.Tx) error {
		_, err := r.log.Append(tx, ledger.Entry{At: time.Now(), Kind: "policy.loaded", Fields: map[string]string{
			"digest": set.Digest, "policies": fmt.Sprint(set.Len()),
		}})
		return err
	})
}

// recordKept writes into the ledger that a reload failed, and where the mistake is.
func (r *team) recordKept(ctx context.Context, failed error) error {
	reason, _, _ := strings.Cut(failed.Error(), "\n")
	if runes := []rune(strings.ToValidUTF8(reason, "")); len(runes) > 1000 {
		reason = string(runes[:1000])
	}
	return r.db.Write(ctx, func(tx *store.Tx) error {
		_, err := r.log.Append(tx, ledger.Entry{At: time.Now(), Kind: "policy.kept", Fields: map[string]string{"reason": reason}})
		return err
	})
}

// console is what the console needs of all this.
func (r *team) console(f *teamFlags) *console.Team {
	shown := &console.Team{
		Requests: r.requests, Ledger: r.log, SignIn: r.signin.Handler(), Who: r.signin.Who, Fresh: r.signin.Fresh,
		Feeds: r.feeds, Leads: r.leads,
		Provider: f.OIDCIssuer != "", LedgerKey: r.key.Public(), Regions: r.requests.Regions(),
		ReadLedger: func(p person.Person) bool {
			return r.policy.Decide(policy.Question{Person: p, Action: policy.ReadLedger}).Allowed
		},
		GuestLink: func(ctx context.Context, about requests.View) (secret, code string, err error) {
			err = r.db.Write(ctx, func(tx *store.Tx) error {
				secret, code, err = r.signin.NewGuestLink(tx, about.ID, about.Deadline)
				return err
			})
			return secret, code, err
		},
	}
	if f.Demo {
		shown.Demo = signin.DemoPeople()
	}
	return shown
}

// ready reports whether the database can be used now.
func (r *team) ready(ctx context.Context) error {
	return r.db.Read(ctx, func(tx *store.Tx) error {
		var one int
		return tx.QueryRow("SELECT 1").Scan(&one)
	})
}

// close waits for what is being sent, and closes the database.
func (r *team) close() error {
	r.stop()
	r.running.Wait()
	return r.db.Close()
}
