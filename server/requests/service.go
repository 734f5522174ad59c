package requests

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"keyferry/server/kms"
	"keyferry/server/ledger"
	"keyferry/server/person"
	"keyferry/server/policy"
	"keyferry/server/store"
)

// KMS is what importing needs of a key management service: two calls. *kms.Client has them.
type KMS interface {
	ImportParameters(ctx context.Context, keyID string, spec kms.WrappingSpec) (*kms.Parameters, error)
	ImportKeyMaterial(ctx context.Context, in *kms.Import) (requestID string, err error)
}

// Policy decides who may do what. *policy.Live is one.
type Policy interface {
	Decide(policy.Question) policy.Decision
}

// Ledger records what happened, in the transaction of what happens. *ledger.Log is one.
type Ledger interface {
	Append(tx *store.Tx, e ledger.Entry) (index int64, err error)
	Proof(ctx context.Context, index int64) (ledger.Evidence, error)
}

// The limits that the KMS publishes, where its pages differ the lower one.
const (
	DefaultReadsPerSecond  = 20
	DefaultWritesPerSecond = 10
)

// DefaultLease is how long one sender has a request for itself. It is longer than a call to the KMS
// with its retries.
const DefaultLease = 30 * time.Second

// Config is what a Service is made of.
type Config struct {
	DB     *store.DB // must be set
	Ledger Ledger    // must be set
	Policy Policy    // must be set
	KMS    KMS       // must be set
	Region string    // of the KMS; must be set

	Others map[string]KMS // the KMS of each further region; nil means none

	ReadsPerSecond  float64 // calls of GetParametersForImport in each region; zero means DefaultReadsPerSecond
	WritesPerSecond float64 // calls of ImportKeyMaterial in each region; zero means DefaultWritesPerSecond

	// Waited is told how long a call of an action waited for its turn; nil means nothing.
	Waited func(action string, waited time.Duration)

	// DrillEvery is how often the importer of a key has to prove that the backup is right; zero means
	// that nobody is asked to.
	DrillEvery time.Duration

	// Ended is called in the transaction in which a request ends; nil means nothing.
	Ended func(tx *store.Tx, id string) error

	// Waits is called in the transaction in which a submission begins to wait for approvals; nil means
	// nothing.
	Waits func(tx *store.Tx, r *Request) error

	Lease  time.Duration      // zero means DefaultLease
	Tick   time.Duration      // how often Run looks for what is due; zero means a second
	Clock  func() time.Time   // nil means time.Now
	Log    *slog.Logger       // nil logs nothing
	Faults func(point string) // called at each of Points, for tests; nil means nothing
}

// Service keeps import requests. Its methods take who asks from the context, see package person, and
// may be called by several goroutines at once.
//
// Their errors are *Fault for what the person can do something about, those of package kms for what
// the KMS did, and those of package store, which wrap store.ErrFull if nothing could be kept.
type Service struct {
	config  Config
	holder  string // names this process to the others
	regions map[string]*regional
	denials denials
	log     *slog.Logger

	life    context.Context // of what is sent; ends with Close
	end     context.CancelFunc
	mu      sync.Mutex
	flights map[string]*flight // by request
	running sync.WaitGroup
}

// New returns a Service. It sends nothing by itself until Recover or Run is called.
func New(config Config) (*Service, error) {
	if config.DB == nil || config.Ledger == nil || config.Policy == nil || config.KMS == nil || config.Region == "" {
		return nil, errors.New("keeping requests: DB, Ledger, Policy, KMS and Region must be set")
	}
	if config.ReadsPerSecond < 0 || config.WritesPerSecond < 0 || config.Lease < 0 || config.Tick < 0 || config.DrillEvery < 0 {
		return nil, errors.New("keeping requests: a limit is negative")
	}
	defaults(&config)
	served, err := regions(&config)
	if err != nil {
		return nil, err
	}
	s := &Service{
		config: config, holder: newID(), log: config.Log,
		regions: served, flights: map[string]*flight{},
	}
	s.life, s.end = context.WithCancel(context.Background())
	return s, nil
}

func defaults(config *Config) {
	if config.ReadsPerSecond == 0 {
		config.ReadsPerSecond = DefaultReadsPerSecond
	}
	if config.WritesPerSecond == 0 {
		config.WritesPerSecond = DefaultWritesPerSecond
	}
	if config.Lease == 0 {
		config.Lease = DefaultLease
	}
	if config.Tick == 0 {
		config.Tick = time.Second
	}
	if config.Clock == nil {
		config.Clock = time.Now
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	if config.Waited == nil {
		config.Waited = func(string, time.Duration) {}
	}
	if config.Faults == nil {
		config.Faults = func(string) {}
	}
}

// now returns the time as the database keeps it: in UTC, in microseconds.
func (s *Service) now() time.Time { return s.config.Clock().UTC().Truncate(time.Microsecond) }

// write runs a transaction between two points where a test can end the process, and with a third
// before the commit. It calls f once more if something that f had read before the transaction turns
// out to have changed.
func (s *Service) write(ctx context.Context, point string, f func(*store.Tx) error) error {
	s.config.Faults(point + ".before")
	once := func(tx *store.Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		s.config.Faults(point + ".within")
		return nil
	}
	err := s.config.DB.Write(ctx, once)
	if errors.Is(err, store.ErrStale) {
		err = s.config.DB.Write(ctx, once)
	}
	s.config.Faults(point + ".after")
	return err
}

// asking returns who asks.
func asking(ctx context.Context) (person.Person, error) {
	p, known := person.From(ctx)
	if !known || p.ID == "" {
		return p, ErrSignIn
	}
	return p, nil
}

// Close stops sending and waits for the calls that are under way. What waited is sent after the next
// start.
func (s *Service) Close() {
	s.end()
	s.running.Wait()
}
