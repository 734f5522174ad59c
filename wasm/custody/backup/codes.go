package backup

import "keyferry/wasm/keywrap"

// The codes with which a backup is refused.
const (
	CodeRandomSource = keywrap.CodeRandomSource

	CodeMaking            keywrap.Code = "backup_failed"           // age failed; cannot happen
	CodeMixed             keywrap.Code = "backup_mixed"            // a passphrase together with recipients or an identity
	CodeNotAge            keywrap.Code = "backup_not_age"          // not an age file
	CodeVersion           keywrap.Code = "backup_version"          // an age file of another version
	CodeDamaged           keywrap.Code = "backup_damaged"          // cut, changed, or made by no sound program
	CodePayload           keywrap.Code = "backup_not_material"     // opened, but what is in it is not 32 bytes
	CodeWorkFactor        keywrap.Code = "backup_work_factor"      // asked for a factor out of range
	CodeWorkFactorTooHigh keywrap.Code = "backup_work_factor_high" // made with a factor that cannot be opened here

	CodeNeedsPassphrase    keywrap.Code = "backup_needs_passphrase"    // an identity was given, or nothing
	CodeNeedsIdentity      keywrap.Code = "backup_needs_identity"      // a passphrase was given, or nothing
	CodeWrongPassphrase    keywrap.Code = "backup_wrong_passphrase"    // another passphrase opens it
	CodeWrongIdentity      keywrap.Code = "backup_wrong_identity"      // another identity opens it
	CodePassphraseShort    keywrap.Code = "backup_passphrase_short"    // fewer than MinPassphrase characters
	CodePassphraseUnusable keywrap.Code = "backup_passphrase_unusable" // cannot be typed

	CodeRecipientMalformed keywrap.Code = "backup_recipient_malformed" // no recipient, or one with a wrong character
	CodeRecipientPrivate   keywrap.Code = "backup_recipient_private"   // a private key in place of the public one
	CodeRecipientSSH       keywrap.Code = "backup_recipient_ssh"       // an SSH key
	CodeRecipientPlugin    keywrap.Code = "backup_recipient_plugin"    // a recipient of a plugin
	CodeTooManyRecipients  keywrap.Code = "backup_recipients_too_many" // more than 32
	CodeKindsMixed         keywrap.Code = "backup_recipients_mixed"    // both classic and post-quantum

	CodeIdentityMalformed keywrap.Code = "backup_identity_malformed" // no identity, or one with a wrong character
	CodeIdentityPublic    keywrap.Code = "backup_identity_public"    // a recipient in place of the identity
	CodeIdentitySSH       keywrap.Code = "backup_identity_ssh"       // an SSH key
	CodeIdentityPlugin    keywrap.Code = "backup_identity_plugin"    // an identity of a plugin
	CodeIdentityEncrypted keywrap.Code = "backup_identity_encrypted" // an identity file that is encrypted itself
)

// refuse returns a refusal. The message never quotes what was refused.
func refuse(code keywrap.Code, message string) error {
	return &keywrap.Error{Code: code, Message: message}
}

func errMaking() error {
	return refuse(CodeMaking, "The backup could not be made. Reload the page and try again.")
}

func errNotAge() error {
	return refuse(CodeNotAge, "This is not an encrypted backup: it is not an age file. Choose the file whose name ends in .age.")
}

func errDamaged() error {
	return refuse(CodeDamaged, "This backup is damaged: a part of it is missing or was changed. Fetch it again from where it is kept, or use another copy.")
}

func errIdentity() error {
	return refuse(CodeIdentityMalformed, "This is not an age identity, or a character of it is wrong. Give the file that age-keygen wrote, or its line that begins with AGE-SECRET-KEY-.")
}

// errNoMatch is for a backup that something else opens. age cannot tell a wrong
// passphrase from a damaged header.
func errNoMatch(info Info) error {
	if info.Passphrase {
		return refuse(CodeWrongPassphrase, "This passphrase does not open the backup. Check capitals, spaces and hyphens, and that this is the right backup.")
	}
	return refuse(CodeWrongIdentity, "This identity does not open the backup: the backup was encrypted to others.")
}
