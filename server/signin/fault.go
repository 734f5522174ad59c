package signin

import (
	"encoding/json"
	"net/http"
	"net/url"
)

// Fault is why a sign-in, or something else that needs to know who asks, failed. Package text has
// words for its code in both languages.
type Fault struct {
	Status int
	Code   string
}

func (f *Fault) Error() string { return f.Code }

// The faults, by what the person can do about them.
var (
	ErrNeeded      = &Fault{http.StatusUnauthorized, "SignIn.Needed"}            // nobody is signed in
	ErrCrossSite   = &Fault{http.StatusForbidden, "SignIn.CrossSite"}            // another site made the browser send this
	ErrMalformed   = &Fault{http.StatusBadRequest, "SignIn.Malformed"}           // not what the console's pages send
	ErrTooMany     = &Fault{http.StatusTooManyRequests, "SignIn.TooMany"}        // wait a little
	ErrUnavailable = &Fault{http.StatusServiceUnavailable, "SignIn.Unavailable"} // the database does not answer

	ErrProviderDown  = &Fault{http.StatusBadGateway, "SignIn.ProviderDown"}  // the provider does not answer, or too slowly
	ErrProviderWrong = &Fault{http.StatusBadGateway, "SignIn.ProviderWrong"} // what it says of itself does not fit the flags
	ErrProviderError = &Fault{http.StatusBadGateway, "SignIn.ProviderError"} // it reports an error
	ErrRefused       = &Fault{http.StatusForbidden, "SignIn.Refused"}        // it, or the person at it, said no

	ErrExpired = &Fault{http.StatusBadRequest, "SignIn.Expired"} // the sign-in was begun too long ago, or in another browser
	ErrState   = &Fault{http.StatusBadRequest, "SignIn.State"}   // the answer is not to a sign-in that this browser began
	ErrCode    = &Fault{http.StatusBadRequest, "SignIn.Code"}    // the code is wrong, was used before, or has expired

	ErrIssuer       = &Fault{http.StatusBadGateway, "SignIn.Issuer"}       // the token is of another provider
	ErrAudience     = &Fault{http.StatusBadGateway, "SignIn.Audience"}     // it is for another client
	ErrNonce        = &Fault{http.StatusBadGateway, "SignIn.Nonce"}        // it is for another sign-in
	ErrAlgorithm    = &Fault{http.StatusBadGateway, "SignIn.Algorithm"}    // it is not signed, or in a way that proves nothing
	ErrSignature    = &Fault{http.StatusBadGateway, "SignIn.Signature"}    // none of the provider's keys signed it
	ErrTokenExpired = &Fault{http.StatusBadGateway, "SignIn.TokenExpired"} // it has expired, or is from the future: look at the clocks
	ErrToken        = &Fault{http.StatusBadGateway, "SignIn.Token"}        // it is wrong in another way
	ErrClass        = &Fault{http.StatusForbidden, "SignIn.Class"}         // the person proved who they are in another way than demanded
	ErrStale        = &Fault{http.StatusForbidden, "SignIn.Stale"}         // the provider did not ask the person again

	ErrGuestLink    = &Fault{http.StatusForbidden, "SignIn.GuestLink"}    // there is no such link
	ErrGuestCode    = &Fault{http.StatusForbidden, "SignIn.GuestCode"}    // the six digits are wrong
	ErrGuestUsed    = &Fault{http.StatusForbidden, "SignIn.GuestUsed"}    // the link was used before
	ErrGuestEnded   = &Fault{http.StatusForbidden, "SignIn.GuestEnded"}   // five wrong codes ended it
	ErrGuestExpired = &Fault{http.StatusForbidden, "SignIn.GuestExpired"} // its deadline has passed

	ErrAddress = &Fault{http.StatusForbidden, "SignIn.Address"} // the one-time address is wrong or was used
)

// fail counts an attempt to sign in that failed, and answers the script that made it.
func (s *Service) fail(w http.ResponseWriter, r *http.Request, way string, f *Fault) {
	s.config.Observe(way, f.Code)
	s.config.Fail(w, r, f)
}

// failPage counts an attempt to sign in that failed, and leads the browser that navigated here to
// the sign-in page. The code is in the fragment: browsers keep it when the page's address is
// replaced by that in one language.
func (s *Service) failPage(w http.ResponseWriter, r *http.Request, way string, f *Fault) {
	s.config.Observe(way, f.Code)
	http.Redirect(w, r, "/signin#error="+url.QueryEscape(f.Code), http.StatusSeeOther)
}

// failJSON answers a script, where Config.Fail is not set.
func failJSON(w http.ResponseWriter, _ *http.Request, f *Fault) {
	answer(w, f.Status, map[string]string{"Code": f.Code})
}

// answer writes an object.
func answer(w http.ResponseWriter, status int, object any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(object) // whoever asked may have gone
}
