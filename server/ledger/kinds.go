package ledger

// form reports whether a value may be in a field.
type form func(string) bool

// kinds are the kinds of entries and the fields that each may have. Nothing else can be written:
// so no cookie, code, token or ciphertext comes in by mistake.
var kinds = map[string]map[string]form{
	"request.created": {
		"label": line, "algorithms": words, "importerKind": word, "importerGroup": line,
		"expiry": word, "expiryDays": number, "deadline": instant,
		"approvals": number, "approvers": line, "eachGroup": word, "commitment": digest, "again": name, "kind": word,
	},
	"request.issued":    {"algorithm": word, "wrappingKey": digest, "tokenExpires": instant},
	"request.linked":    {"algorithm": word, "goodUntil": instant}, // a signed link to get parameters, not the link
	"request.submitted": submitted,
	"request.refused":   {"digest": digest, "reason": line},
	"request.cancelled": {"reason": line},
	"request.lapsed":    {"reason": word},
	"request.reopened":  {"reason": word},

	"approval.given":      {"digest": digest, "groups": line},
	"approval.taken_back": {"digest": digest},

	"drill.proved": {"commitment": digest, "kcv": hexadecimal},

	"import.intent": { // way: link where the importer makes the call
		"digest": digest, "attempt": number, "algorithm": word, "expires": instant, "way": word, "goodUntil": instant,
	},
	"import.reported": { // what the importer says that the KMS answered
		"digest": digest, "attempt": number, "state": word, "code": name, "kmsRequestId": name,
	},
	"import.held":    {"digest": digest, "code": word}, // agreed to, and stopped by the policy
	"import.outcome": {"digest": digest, "attempt": number, "state": word, "code": name, "kmsRequestId": name, "recovered": word},

	"signin.succeeded": {"groups": number, "acr": name, "fresh": word},
	"signin.refused":   {"code": word},
	"signin.ended":     {"reason": word, "sessions": number},

	"guest.created": {"deadline": instant},
	"guest.used":    {},
	"guest.refused": {"code": word, "left": number},
	"guest.ended":   {"reason": word},

	"policy.loaded":  {"digest": digest, "policies": number},
	"policy.kept":    {"reason": line},
	"policy.allowed": {"action": word, "approvals": number, "approvers": line},
	"policy.denied":  {"action": word, "omitted": number}, // of the same person since the last

	"person.forgotten": {},
}

var submitted = map[string]form{
	"digest": digest, "algorithm": word, "wrappingKey": digest, "ciphertext": digest,
	"expires": instant, "kcv": hexadecimal, "commitment": digest, "parameters": word,
}
