package localkms

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"keyferry/server/localkms/wire"
)

// action is one action of the API.
type action struct {
	handle   func(*KMS, *call) (wire.Answer, error)
	required []string
	class    quotaClass
	states   stateRule
	dryRun   bool // takes the DryRun parameter
	aliases  bool // KeyId may be an alias
}

// call is an authenticated request for one action.
type call struct {
	ctx       context.Context
	id        string
	action    string
	rule      *action
	params    map[string]string
	account   string
	accessKey AccessKey
	now       time.Time // by the KMS's clock; one instant for the whole call
	faults    *activeFaults
}

// perform checks the required parameters and runs the action.
func (c *call) perform(k *KMS) (wire.Answer, error) {
	for _, name := range c.rule.required {
		if c.params[name] == "" {
			return nil, c.dryRunned(wire.Missing(name))
		}
	}
	result, err := c.rule.handle(k, c)
	if err != nil {
		return nil, c.dryRunned(err)
	}
	return result, nil
}

// get returns a parameter, or the empty string.
func (c *call) get(name string) string { return c.params[name] }

// trimmed returns a parameter without a newline at its end: the aliyun CLI sends the one of the
// file that it read.
func (c *call) trimmed(name string) string { return strings.TrimRight(c.params[name], "\r\n") }

// integer returns a parameter between low and high, or fallback if it is absent.
func (c *call) integer(name string, fallback, low, high int) (int, error) {
	value := c.params[name]
	if value == "" {
		return fallback, nil
	}
	n, err := wire.ParseInteger(value)
	if err != nil || n < int64(low) || n > int64(high) {
		return 0, wire.Invalid(name)
	}
	return int(n), nil
}

// boolean returns a parameter that is true or false, or false if it is absent.
func (c *call) boolean(name string) (bool, error) {
	switch strings.ToLower(c.params[name]) {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	}
	return false, wire.Invalid(name)
}

// oneOf returns a parameter that must be one of values; absent, it is the first. The result is
// the string of values: the one of the request would keep the whole request in memory.
func (c *call) oneOf(name string, values ...string) (string, error) {
	value := c.params[name]
	if value == "" {
		return values[0], nil
	}
	at := slices.Index(values, value)
	if at < 0 {
		return "", wire.Invalid(name)
	}
	return values[at], nil
}

// dryRun reports whether the call is only to be tried. A dry run never succeeds.
func (c *call) dryRun() (bool, error) {
	if !c.rule.dryRun {
		return false, nil
	}
	return c.boolean("DryRun")
}

// dryRunned turns an error into the one that a dry run ends with.
func (c *call) dryRunned(err error) error {
	if dry, _ := c.dryRun(); !dry {
		return err
	}
	var api *wire.Error
	if errors.As(err, &api) && (api.Code == "InvalidParameter" || api.Code == "MissingParameter") {
		return wire.ErrDryRunValidation
	}
	return err
}

// denied is the answer to a call that the AccessKey may not make.
func (c *call) denied() error {
	if dry, _ := c.dryRun(); dry {
		return wire.ErrDryRunDenied
	}
	return wire.ErrNoPermission
}
