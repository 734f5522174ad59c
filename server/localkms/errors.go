package localkms

import "net/http"

// apiError is an error answer of the KMS: what it says is what goes out.
type apiError struct {
	Status  int
	Code    string
	Message string
}

// Error returns the code alone: a message may repeat what a client sent, and
// errors end in logs.
func (e *apiError) Error() string { return e.Code }

// Errors of the service itself.
var (
	errInternal          = &apiError{http.StatusInternalServerError, "InternalFailure", "Internal Failure."}
	errUnavailable       = &apiError{http.StatusServiceUnavailable, "ServiceUnavailableTemporary", "Service Unavailable Temporary."}
	errKeyNotFound       = &apiError{http.StatusNotFound, "Forbidden.KeyNotFound", "The specified Key is not found."}
	errAliasNotFound     = &apiError{http.StatusNotFound, "Forbidden.AliasNotFound", "The specified Alias is not found."}
	errNoPermission      = &apiError{http.StatusForbidden, "Forbidden.NoPermission", "This operation is forbidden by permission system."}
	errInstanceState     = &apiError{http.StatusForbidden, "Forbidden.DKMSInstanceStateInvalid", "The specified KMS instance is not available."}
	errMethod            = &apiError{http.StatusForbidden, "UnsupportedHTTPMethod", "This http method is not supported."}
	errUnparsable        = &apiError{http.StatusBadRequest, "ParseRequestParameterException", "The server could not parse the request parameters."}
	errLimitExceeded     = &apiError{http.StatusBadRequest, "Rejected.LimitExceeded", "The request was rejected because of the resource limit exceeded."}
	errAliasExists       = &apiError{http.StatusBadRequest, "AliasAlreadyExists", "AliasName Already Exists."}
	errMaterial          = &apiError{http.StatusBadRequest, "InvalidKeyMaterial", "The specified key material is invalid."}
	errToken             = &apiError{http.StatusBadRequest, "InvalidImportToken", "The specified import token is invalid."}
	errTokenExpired      = &apiError{http.StatusBadRequest, "ExpiredImportToken", "The specified import token is expired."}
	errOrigin            = &apiError{http.StatusBadRequest, "Unsupported.Origin", "This key origin is not valid for this api."}
	errAliasRefused      = &apiError{http.StatusBadRequest, "Unsupported.Alias", "Alias is not valid for this api."}
	errProtectionLevel   = &apiError{http.StatusBadRequest, "Unsupported.ProtectionLevel", "The specified protection level is not valid for this region."}
	errUnsupported       = &apiError{http.StatusBadRequest, "Rejected.UnsupportedOperation", "Unsupported operation."}
	errStateModification = &apiError{http.StatusConflict, "Rejected.StateModifiedFailed", "Keystate modified failed."}
	errDisabled          = &apiError{http.StatusConflict, "Rejected.Disabled", "The request was rejected because the key state is Disabled."}
	errPendingDeletion   = &apiError{http.StatusConflict, "Rejected.PendingDeletion", "The request was rejected because the key state is PendingDeletion."}
	errPendingImport     = &apiError{http.StatusConflict, "Rejected.PendingImport", "The request was rejected because the key state is PendingImport."}
	errThrottled         = &apiError{http.StatusTooManyRequests, "Rejected.Throttling", "QPS Limit Exceeded"}
)

// Errors of the gateway before the service.
var (
	errNoSuchAction       = &apiError{http.StatusNotFound, "InvalidApi.NotFound", "Specified api is not found, please check your url and method."}
	errVersion            = &apiError{http.StatusBadRequest, "InvalidVersion", "Specified parameter Version is not valid."}
	errAccessKeyNotFound  = &apiError{http.StatusNotFound, "InvalidAccessKeyId.NotFound", "Specified access key is not found."}
	errAccessKeyInactive  = &apiError{http.StatusBadRequest, "InvalidAccessKeyId.Inactive", "Specified access key is disabled."}
	errTimeFormat         = &apiError{http.StatusBadRequest, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted."}
	errTimeExpired        = &apiError{http.StatusBadRequest, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."}
	errNonceUsed          = &apiError{http.StatusBadRequest, "SignatureNonceUsed", "Specified signature nonce was used already."}
	errSignatureMethod    = &apiError{http.StatusBadRequest, "InvalidSignatureMethod", "Specified signature method is not valid."}
	errIncomplete         = &apiError{http.StatusBadRequest, "IncompleteSignature", "The request signature does not conform to Alibaba Cloud standards."}
	errNoSecurityToken    = &apiError{http.StatusBadRequest, "MissingSecurityToken", "SecurityToken is mandatory for this action."}
	errSecurityToken      = &apiError{http.StatusBadRequest, "InvalidSecurityToken.MismatchWithAccessKey", "Specified SecurityToken mismatch with the AccessKey."}
	errSecurityTokenStale = &apiError{http.StatusBadRequest, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired."}
	errSecurityTokenForm  = &apiError{http.StatusBadRequest, "InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed."}
)

// errBadGateway is no answer of the KMS: it goes out as a page of HTML, as from
// a proxy that stands before it.
var errBadGateway = &apiError{http.StatusBadGateway, "", ""}

// Outcomes of a dry run, which never succeeds.
var (
	errDryRun           = &apiError{http.StatusBadRequest, "DryRunOperationError", "The request would have succeeded, but the DryRun parameter is set."}
	errDryRunValidation = &apiError{http.StatusBadRequest, "ValidationError", "The request parameters are not valid."}
	errDryRunDenied     = &apiError{http.StatusForbidden, "AccessDeniedError", "The request is forbidden by permission system."}
)

// missing reports a parameter of an action that is needed but not there.
func missing(name string) *apiError {
	return &apiError{http.StatusBadRequest, "MissingParameter", `The parameter "` + name + `" is needed but not provided.`}
}

// missingCommon reports a missing parameter that the gateway itself needs.
func missingCommon(name string) *apiError {
	return &apiError{http.StatusBadRequest, "Missing" + name, name + " is mandatory for this action."}
}

// invalid reports a parameter whose value is not acceptable.
func invalid(name string) *apiError {
	return &apiError{http.StatusBadRequest, "InvalidParameter", `The specified parameter "` + name + `" is not valid.`}
}

// signatureMismatch tells the client what the server signed. The SDKs compare
// everything after the colon with their own string, byte for byte, so nothing
// may follow it.
func signatureMismatch(stringToSign string) *apiError {
	return &apiError{http.StatusBadRequest, "SignatureDoesNotMatch",
		"Specified signature is not matched with our calculation. server string to sign is:" + stringToSign}
}
