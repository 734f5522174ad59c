package localkms

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"keyferry/server/localkms/inspector"
	"keyferry/server/localkms/store"
	"keyferry/server/localkms/wire"
)

func newInspector(k *KMS) http.Handler {
	return inspector.New(inspector.Config{
		KMS:        inspected{k},
		Region:     k.config.Region,
		ConsoleURL: k.config.ConsoleURL,
		Foreign: func(r *http.Request) (int, string) {
			if err := k.foreign(r, true); err != nil {
				return err.Status, err.Message
			}
			return 0, ""
		},
	})
}

// inspected is the KMS as the inspector sees it. It calls the API's own actions, so the pages can
// do nothing that the API cannot.
type inspected struct{ kms *KMS }

var _ inspector.KMS = inspected{}

// Accounts implements [inspector.KMS].
func (i inspected) Accounts() []string {
	usual := i.kms.config.AccountID
	others := slices.DeleteFunc(i.kms.access.accounts(), func(name string) bool { return name == usual })
	return append([]string{usual}, others...)
}

// List implements [inspector.KMS].
func (i inspected) List(name string, number, size int) (keys []inspector.Key, total int, err error) {
	err = i.kms.store.Read(name, i.kms.clock.Now(), func(a *store.Account) error {
		page := paging{PageNumber: number, PageSize: size}
		for _, key := range pageOf(a.Keys(), nil, &page) {
			keys = append(keys, inspect(key))
		}
		total = page.TotalCount
		return nil
	})
	return keys, total, err
}

// Find implements [inspector.KMS].
func (i inspected) Find(name, keyID string) (found inspector.Key, err error) {
	err = i.kms.store.Read(name, i.kms.clock.Now(), func(a *store.Account) error {
		key := a.Key(keyID)
		if key == nil {
			return &inspector.Error{Code: wire.ErrKeyNotFound.Code, Message: wire.ErrKeyNotFound.Message}
		}
		found = inspect(key)
		return nil
	})
	return found, err
}

// Call implements [inspector.KMS].
func (i inspected) Call(ctx context.Context, name, actionName string, params map[string]string) (inspector.Result, error) {
	if !slices.Contains(i.Accounts(), name) {
		name = i.kms.config.AccountID
	}
	c := &call{
		ctx:     ctx,
		id:      newRequestID(),
		action:  actionName,
		rule:    actions[actionName],
		params:  params,
		account: name,
		now:     i.kms.clock.Now(),
		faults:  &activeFaults{},
	}
	result := inspector.Result{RequestID: c.id}
	got, err := c.perform(i.kms)
	if err != nil {
		var api *wire.Error
		if !errors.As(err, &api) {
			api = wire.ErrInternal
		}
		return result, &inspector.Error{Code: api.Code, Message: api.Message, RequestID: c.id}
	}
	switch got := got.(type) {
	case *keyAnswer:
		result.KeyID = got.KeyMetadata.KeyId
	case *ciphertextAnswer:
		result.KeyID, result.CiphertextBlob = got.KeyId, got.CiphertextBlob
	case *plaintextAnswer:
		result.KeyID, result.Plaintext = got.KeyId, got.Plaintext
	}
	return result, nil
}

func inspect(k *store.Key) inspector.Key {
	at := func(unix int64) time.Time {
		if unix == 0 {
			return time.Time{}
		}
		return time.Unix(unix, 0)
	}
	return inspector.Key{
		ID:          k.ID,
		Description: k.Description,
		State:       k.State.String(),
		Origin:      k.Origin,
		Spec:        k.Spec,
		Created:     at(k.Created),
		Expires:     at(k.Expires),
		DeleteAt:    at(k.DeleteAt),
		Bound:       len(k.Binding) != 0,
		HasMaterial: k.Material != nil,
	}
}
