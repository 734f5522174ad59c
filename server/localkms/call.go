package localkms

import (
	"context"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
)

const apiVersion = "2016-01-20"

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
func (c *call) perform(k *KMS) (answer, error) {
	for _, name := range c.rule.required {
		if c.params[name] == "" {
			return nil, c.dryRunned(missing(name))
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

// trimmed returns a parameter without a newline at its end: the aliyun CLI
// sends the one of the file that it read.
func (c *call) trimmed(name string) string { return strings.TrimRight(c.params[name], "\r\n") }

// decodeBase64 decodes standard base64 on one line. Go's own decoder passes over
// line breaks wherever they stand, and a client that leaves them in would work
// here and might fail elsewhere.
func decodeBase64(text string) ([]byte, error) {
	if at := strings.IndexAny(text, "\r\n"); at >= 0 {
		return nil, base64.CorruptInputError(at)
	}
	return base64.StdEncoding.DecodeString(text)
}

// integer returns a parameter between low and high, or fallback if absent.
func (c *call) integer(name string, fallback, low, high int) (int, error) {
	value := c.params[name]
	if value == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < low || n > high {
		return 0, invalid(name)
	}
	return n, nil
}

// boolean returns a parameter that is true or false, or false if absent.
func (c *call) boolean(name string) (bool, error) {
	switch strings.ToLower(c.params[name]) {
	case "":
		return false, nil
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, invalid(name)
}

// oneOf returns a parameter that must be one of values; absent, it is the
// first.
func (c *call) oneOf(name string, values ...string) (string, error) {
	value := c.params[name]
	if value == "" {
		return values[0], nil
	}
	for _, v := range values {
		if v == value {
			return v, nil
		}
	}
	return "", invalid(name)
}

// dryRun reports whether the call is only to be tried. A dry run never
// succeeds: errDryRun says that the call would have.
func (c *call) dryRun() (bool, error) {
	if !c.rule.dryRun {
		return false, nil
	}
	return c.boolean("DryRun")
}

// dryRunned turns an error into the one that a dry run answers with.
func (c *call) dryRunned(err error) error {
	if dry, _ := c.dryRun(); !dry {
		return err
	}
	var api *apiError
	if errors.As(err, &api) && (api.Code == "InvalidParameter" || api.Code == "MissingParameter") {
		return errDryRunValidation
	}
	return err
}

// denied is the answer to a call that the AccessKey may not make.
func (c *call) denied() error {
	if dry, _ := c.dryRun(); dry {
		return errDryRunDenied
	}
	return errNoPermission
}
