// Package person says who somebody is, for every part that decides, records or shows it.
package person

import (
	"context"
	"time"
)

// Kind is how somebody was recognised.
type Kind string

const (
	// Directory is somebody who signed in with the OpenID Connect provider.
	Directory Kind = "directory"
	// Guest is the holder of a link to one request.
	Guest Kind = "guest"
	// Operator is whoever runs the console for themselves, where nobody signs in.
	Operator Kind = "operator"
)

// Person is somebody who asks for something.
type Person struct {
	// ID is the same in every session: 26 letters and digits for a person of the directory,
	// "guest:" and the request's id for a guest, "operator" for the operator.
	ID   string
	Kind Kind
	// Name is for people to read. Email is an address that the provider verified, or empty; a
	// request may name its importer by it.
	Name, Email string
	// Groups are the names that the provider's claim gives.
	Groups []string
	// SignedIn is when the person last proved who they are, in UTC.
	SignedIn time.Time
	// Request is the only request that a guest may see; empty for everybody else.
	Request string
}

type key struct{}

// With returns a context that carries who asks.
func With(ctx context.Context, p Person) context.Context { return context.WithValue(ctx, key{}, p) }

// From returns who asks, and whether anybody is known.
func From(ctx context.Context) (Person, bool) {
	p, known := ctx.Value(key{}).(Person)
	return p, known
}
