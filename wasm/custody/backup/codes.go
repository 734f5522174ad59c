package backup

import "keyferry/wasm/keywrap"

// The codes with which a backup is refused. They are errors: see [keywrap.Code].
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

// errNoMatch is for a backup that something else opens. age cannot tell a wrong
// passphrase from a damaged header.
func errNoMatch(info Info) error {
	if info.Passphrase {
		return CodeWrongPassphrase
	}
	return CodeWrongIdentity
}
