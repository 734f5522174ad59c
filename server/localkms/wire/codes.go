package wire

import "net/http"

// Error is an error answer of the API. What it holds is sent to the client.
type Error struct {
	Status  int
	Code    string
	Message string
}

// Error returns the code alone: a message may repeat what a client sent, and errors end in logs.
func (e *Error) Error() string { return e.Code }

// Errors of the service itself.
var (
	ErrInternal          = &Error{http.StatusInternalServerError, "InternalFailure", "Internal Failure."}
	ErrVersionNotFound   = &Error{http.StatusNotFound, "Forbidden.KeyVersionNotFound", "The specified Key version is not found."}
	ErrUnavailable       = &Error{http.StatusServiceUnavailable, "ServiceUnavailableTemporary", "Service Unavailable Temporary."}
	ErrKeyNotFound       = &Error{http.StatusNotFound, "Forbidden.KeyNotFound", "The specified Key is not found."}
	ErrAliasNotFound     = &Error{http.StatusNotFound, "Forbidden.AliasNotFound", "The specified Alias is not found."}
	ErrNoPermission      = &Error{http.StatusForbidden, "Forbidden.NoPermission", "This operation is forbidden by permission system."}
	ErrInstanceState     = &Error{http.StatusForbidden, "Forbidden.DKMSInstanceStateInvalid", "The specified KMS instance is not available."}
	ErrMethod            = &Error{http.StatusForbidden, "UnsupportedHTTPMethod", "This http method is not supported."}
	ErrUnparsable        = &Error{http.StatusBadRequest, "ParseRequestParameterException", "The server could not parse the request parameters."}
	ErrLimitExceeded     = &Error{http.StatusBadRequest, "Rejected.LimitExceeded", "The request was rejected because of the resource limit exceeded."}
	ErrAliasExists       = &Error{http.StatusBadRequest, "AliasAlreadyExists", "AliasName Already Exists."}
	ErrMaterial          = &Error{http.StatusBadRequest, "InvalidKeyMaterial", "The specified key material is invalid."}
	ErrToken             = &Error{http.StatusBadRequest, "InvalidImportToken", "The specified import token is invalid."}
	ErrTokenExpired      = &Error{http.StatusBadRequest, "ExpiredImportToken", "The specified import token is expired."}
	ErrOrigin            = &Error{http.StatusBadRequest, "Unsupported.Origin", "This key origin is not valid for this api."}
	ErrAliasRefused      = &Error{http.StatusBadRequest, "Unsupported.Alias", "Alias is not valid for this api."}
	ErrProtectionLevel   = &Error{http.StatusBadRequest, "Unsupported.ProtectionLevel", "The specified protection level is not valid for this region."}
	ErrUnsupported       = &Error{http.StatusBadRequest, "Rejected.UnsupportedOperation", "Unsupported operation."}
	ErrStateModification = &Error{http.StatusConflict, "Rejected.StateModifiedFailed", "Keystate modified failed."}
	ErrDisabled          = &Error{http.StatusConflict, "Rejected.Disabled", "The request was rejected because the key state is Disabled."}
	ErrPendingDeletion   = &Error{http.StatusConflict, "Rejected.PendingDeletion", "The request was rejected because the key state is PendingDeletion."}
	ErrPendingImport     = &Error{http.StatusConflict, "Rejected.PendingImport", "The request was rejected because the key state is PendingImport."}
	ErrThrottled         = &Error{http.StatusTooManyRequests, "Rejected.Throttling", "QPS Limit Exceeded"}
)

// Errors of the gateway in front of the service.
var (
	// ErrForeignHost and ErrForeignSite are not the vendor's: they keep web sites from using the
	// local KMS through a visitor's browser. No client of the API meets them on loopback.
	ErrForeignHost = &Error{http.StatusMisdirectedRequest, "Forbidden.Host", "This local KMS does not answer to this host name. Allow the name with --allowed-host."}
	ErrForeignSite = &Error{http.StatusForbidden, "Forbidden.Origin", "This local KMS does not answer requests that another web site makes a browser send."}

	ErrNoSuchAction       = &Error{http.StatusNotFound, "InvalidApi.NotFound", "Specified api is not found, please check your url and method."}
	ErrVersion            = &Error{http.StatusBadRequest, "InvalidVersion", "Specified parameter Version is not valid."}
	ErrAccessKeyNotFound  = &Error{http.StatusNotFound, "InvalidAccessKeyId.NotFound", "Specified access key is not found."}
	ErrAccessKeyInactive  = &Error{http.StatusBadRequest, "InvalidAccessKeyId.Inactive", "Specified access key is disabled."}
	ErrTimeFormat         = &Error{http.StatusBadRequest, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted."}
	ErrTimeExpired        = &Error{http.StatusBadRequest, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."}
	ErrNonceUsed          = &Error{http.StatusBadRequest, "SignatureNonceUsed", "Specified signature nonce was used already."}
	ErrSignatureMethod    = &Error{http.StatusBadRequest, "InvalidSignatureMethod", "Specified signature method is not valid."}
	ErrIncomplete         = &Error{http.StatusBadRequest, "IncompleteSignature", "The request signature does not conform to Alibaba Cloud standards."}
	ErrNoSecurityToken    = &Error{http.StatusBadRequest, "MissingSecurityToken", "SecurityToken is mandatory for this action."}
	ErrSecurityToken      = &Error{http.StatusBadRequest, "InvalidSecurityToken.MismatchWithAccessKey", "Specified SecurityToken mismatch with the AccessKey."}
	ErrSecurityTokenStale = &Error{http.StatusBadRequest, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired."}
	ErrSecurityTokenForm  = &Error{http.StatusBadRequest, "InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed."}
)

// ErrBadGateway is not an answer of the KMS: it is sent as a page of HTML, as a proxy in front of
// the KMS would send it.
var ErrBadGateway = &Error{http.StatusBadGateway, "", ""}

// Errors that a dry run ends with; it never succeeds. ErrDryRun means that the call would have.
var (
	ErrDryRun           = &Error{http.StatusBadRequest, "DryRunOperationError", "The request would have succeeded, but the DryRun parameter is set."}
	ErrDryRunValidation = &Error{http.StatusBadRequest, "ValidationError", "The request parameters are not valid."}
	ErrDryRunDenied     = &Error{http.StatusForbidden, "AccessDeniedError", "The request is forbidden by permission system."}
)

// Missing reports that a parameter of an action is missing.
func Missing(name string) *Error {
	return &Error{http.StatusBadRequest, "MissingParameter", `The parameter "` + name + `" is needed but not provided.`}
}

// MissingCommon reports that a parameter is missing which the gateway itself needs.
func MissingCommon(name string) *Error {
	return &Error{http.StatusBadRequest, "Missing" + name, name + " is mandatory for this action."}
}

// Invalid reports that the value of a parameter is not acceptable.
func Invalid(name string) *Error {
	return &Error{http.StatusBadRequest, "InvalidParameter", `The specified parameter "` + name + `" is not valid.`}
}

// signatureMismatch tells the client which string the server signed. The SDKs compare everything
// after the colon with their own string, byte for byte, so nothing may follow it.
func signatureMismatch(stringToSign string) *Error {
	return &Error{http.StatusBadRequest, "SignatureDoesNotMatch",
		"Specified signature is not matched with our calculation. server string to sign is:" + stringToSign}
}
