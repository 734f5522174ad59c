package requests

import (
	"context"

	"keyferry/server/kms"
)

// Relay is the KMS as the import page knows it, without a request. Only this package makes one, so
// that nothing else can give the console a way to the KMS.
type Relay interface {
	ImportParameters(ctx context.Context, keyID string, spec kms.WrappingSpec) (*kms.Parameters, error)
	// ImportKeyMaterial imports. What the person shows of the material is for the record alone.
	ImportKeyMaterial(ctx context.Context, in *kms.Import, shows Shown) (requestID string, err error)
	ParametersLink(ctx context.Context, keyID string, spec kms.WrappingSpec) (*kms.Link, error)
	// ImportWrapped imports what was wrapped elsewhere, with parameters that the person had by a link
	// or from this console.
	ImportWrapped(ctx context.Context, keyID string, in Submission) (requestID string, err error)
	// WrappedLink signs a link by which the person sends the same.
	WrappedLink(ctx context.Context, keyID string, in Submission) (*kms.Link, error)
	relay()
}

// Shown is what an importer shows of key material besides its ciphertext. Both may be empty.
type Shown struct {
	KCV        string // 10 hexadecimal digits
	Commitment string // 64 lower-case hexadecimal digits
}

// Direct returns a Relay that passes both calls on and keeps nothing, for a console without a
// database.
func Direct(next KMS) Relay { return direct{next} }

type direct struct{ next KMS }

func (direct) relay() {}

// ImportParameters passes the call on.
func (d direct) ImportParameters(ctx context.Context, keyID string, spec kms.WrappingSpec) (*kms.Parameters, error) {
	return d.next.ImportParameters(ctx, keyID, spec)
}

// ImportKeyMaterial passes the call on.
func (d direct) ImportKeyMaterial(ctx context.Context, in *kms.Import, _ Shown) (string, error) {
	return d.next.ImportKeyMaterial(ctx, in)
}

// ParametersLink passes it on.
func (d direct) ParametersLink(ctx context.Context, keyID string, spec kms.WrappingSpec) (*kms.Link, error) {
	return signerOf(d.next).ParametersLink(ctx, keyID, spec)
}

// ImportWrapped passes the call on.
func (d direct) ImportWrapped(ctx context.Context, keyID string, in Submission) (string, error) {
	return d.next.ImportKeyMaterial(ctx, in.call(keyID))
}

// WrappedLink passes it on.
func (d direct) WrappedLink(ctx context.Context, keyID string, in Submission) (*kms.Link, error) {
	return signerOf(d.next).ImportLink(ctx, in.call(keyID))
}

// call returns the call that sends a submission.
func (s *Submission) call(keyID string) *kms.Import {
	return &kms.Import{
		KeyID: keyID, EncryptedKeyMaterial: s.EncryptedKeyMaterial, ImportToken: s.ImportToken, KeyMaterialExpireUnix: s.ExpireUnix,
	}
}
