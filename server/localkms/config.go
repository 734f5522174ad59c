package localkms

import (
	"crypto/rsa"
	"log/slog"
	"time"
)

// What a KMS uses when its Config says nothing else.
const (
	DefaultRegion          = "cn-hangzhou"
	DefaultAccountID       = "1234567890123456"
	DefaultAccessKeyID     = "keyferry-local"
	DefaultAccessKeySecret = "keyferry-local-secret"
	DefaultPoolSize        = 16
)

// Config configures a KMS. The zero Config is useful.
type Config struct {
	// Region is the region that the KMS answers for; empty means cn-hangzhou.
	Region string
	// AccountID is the account of every AccessKey and seeded CMK that names none; empty means
	// 1234567890123456.
	AccountID string
	// AccessKeys are the credentials that the KMS knows; empty means the one pair keyferry-local /
	// keyferry-local-secret, which may call everything.
	AccessKeys []AccessKey
	// Clock is the time that tokens, key material, rotations and deletions follow; nil means a
	// clock of the KMS's own that follows the machine's.
	Clock *Clock
	// Seed is what the KMS holds at first; nil means three CMKs in PendingImport and one ordinary
	// CMK, &Seed{} means nothing.
	Seed *Seed
	// Logger takes one line for each request; nil discards them.
	Logger *slog.Logger
	// ConsoleURL returns the address of the console that the inspector links to for an import;
	// nil, or an empty result, means no link. It is called for each page, since an address may be
	// known only after listening.
	ConsoleURL func() string
	// Hosts are the host names, without port, that the API, the inspector and the control API
	// answer to, besides the loopback names and the address at which a request arrives.
	Hosts []string
	// WrappingKeys are RSA-2048 keys to hand out in turn instead of generated ones, so that tests
	// need not wait; empty means fresh keys from a pool.
	WrappingKeys []*rsa.PrivateKey
	// PoolSize is how many generated wrapping keys are kept ready; 0 means 16.
	PoolSize int
	// Quotas applies the published limits: requests per second, 200 CMKs, 300 aliases. False means
	// no limits.
	Quotas bool
	// ReadsPerSecond and WritesPerSecond replace the published limits of the two classes that
	// importing belongs to, with or without Quotas; 0 leaves them.
	ReadsPerSecond, WritesPerSecond float64
	// StateFile names a file that keeps the state, encrypted under a key in the file of the same
	// name plus ".key". Empty means that the state ends with the process.
	StateFile string
}

// AccessKey is a credential: an id, its secret, and what it may do.
type AccessKey struct {
	// ID and Secret are what a client signs with.
	ID     string `json:"id"`
	Secret string `json:"secret"`
	// Account is the account that the key acts in, a tenant of its own; empty means the Config's
	// AccountID.
	Account string `json:"account,omitempty"`
	// Actions are the actions that the key may call, with or without the prefix "kms:"; a trailing
	// * matches any rest. Empty means all.
	Actions []string `json:"actions,omitempty"`
	// KeyIDs are the CMKs that the key may name; empty means all.
	KeyIDs []string `json:"keyIds,omitempty"`
	// Policy is a RAM policy that the key has besides; nil means none, which allows everything. It
	// comes from a file as the vendor's console takes it.
	Policy *RAMPolicy `json:"policy,omitempty"`
	// SecurityToken makes this a temporary credential: every request must carry it.
	SecurityToken string `json:"securityToken,omitempty"`
	// Expires ends a temporary credential; the zero time means never.
	Expires time.Time `json:"expires,omitzero"`
	// Inactive makes the gateway refuse the key as a disabled one.
	Inactive bool `json:"inactive,omitempty"`
}

func (c Config) withDefaults() Config {
	if c.Region == "" {
		c.Region = DefaultRegion
	}
	if c.AccountID == "" {
		c.AccountID = DefaultAccountID
	}
	if len(c.AccessKeys) == 0 {
		c.AccessKeys = []AccessKey{{ID: DefaultAccessKeyID, Secret: DefaultAccessKeySecret}}
	}
	if c.Clock == nil {
		c.Clock = NewClock(nil)
	}
	if c.Seed == nil {
		c.Seed = DefaultSeed()
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.PoolSize <= 0 {
		c.PoolSize = DefaultPoolSize
	}
	return c
}
