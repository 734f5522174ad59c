package localkms

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// accessList holds the AccessKeys that the KMS knows.
type accessList struct {
	defaultAccount string
	mu             sync.RWMutex
	keys           map[string]AccessKey
}

func newAccessList(config Config) *accessList {
	return &accessList{defaultAccount: config.AccountID, keys: map[string]AccessKey{}}
}

// put adds an AccessKey or replaces the one with the same id.
func (l *accessList) put(key AccessKey) {
	if key.Account == "" {
		key.Account = l.defaultAccount
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keys[key.ID] = key
}

func (l *accessList) find(id string) (AccessKey, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	key, ok := l.keys[id]
	return key, ok
}

// accounts returns every account that some AccessKey acts in, and the default.
func (l *accessList) accounts() []string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	names := map[string]bool{l.defaultAccount: true}
	for _, key := range l.keys {
		names[key.Account] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// may reports whether the AccessKey's policy allows an action.
func (a AccessKey) may(action string) bool {
	return len(a.Actions) == 0 || slices.ContainsFunc(a.Actions, func(pattern string) bool {
		return matchAction(pattern, action)
	})
}

// mayUse reports whether the AccessKey's policy covers a CMK.
func (a AccessKey) mayUse(keyID string) bool {
	return len(a.KeyIDs) == 0 || slices.Contains(a.KeyIDs, keyID)
}

// matchAction compares an action with a pattern such as kms:List*.
func matchAction(pattern, action string) bool {
	pattern = strings.TrimPrefix(pattern, "kms:")
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(action, prefix)
	}
	return pattern == action
}

// ParseAccessKeys reads AccessKeys from a JSON array in UTF-8. A field that it does not know is
// an error.
func ParseAccessKeys(text []byte) ([]AccessKey, error) {
	var keys []AccessKey
	if err := parseStrictly(bytes.NewReader(text), &keys); err != nil {
		return nil, fmt.Errorf("parsing AccessKeys: %v", err)
	}
	return keys, nil
}
