package text

// englishCustodyFaults are the refusals of what a person brings: files, components, backups and
// receipts.
var englishCustodyFaults = map[string]Fault{
	// A file as the source of key material.
	"source_empty":         {"This file is empty.", "Choose the file that contains the 32 bytes of the key."},
	"source_too_long":      {"This file is far too large for key material, which has 32 bytes.", "Choose the file that contains only the key."},
	"source_size":          {"This file does not have exactly 32 bytes, and it is not text.", "Choose the file that contains the 32 bytes of the key and nothing else."},
	"source_size_16":       {"This file has 16 bytes, the size of an AES-128 or SM4 key.", "Choose an AES-256 key: this CMK requires 32 bytes."},
	"source_size_24":       {"This file has 24 bytes, the size of an AES-192 or Triple DES key.", "Choose an AES-256 key: this CMK requires 32 bytes."},
	"source_size_64":       {"This file has 64 bytes that are not hex digits: perhaps two keys, or a key for HMAC or AES-XTS.", "Export only the 32 bytes of the key. This page does not guess which of the 64 they are."},
	"source_size_256":      {"This file has 256 bytes, the size of key material that has been wrapped with RSA.", "Choose the file with the 32 bytes before wrapping."},
	"source_extra_newline": {"A line break follows the 32 bytes in this file. An editor may have added it.", "Export the key again, or keep only the first 32 bytes of the file, for example with head -c 32."},
	"source_hex_length":    {"These are hexadecimal digits, but not the 64 that make 32 bytes.", "Compare the number of digits with the original: digits are missing or were added, or the key has a different size. This CMK requires 32 bytes."},
	"source_base64_length": {"If this is base64, it does not decode to 32 bytes.", "Choose the file that contains exactly 32 bytes in base64."},
	"source_base64_broken": {"This looks like 32 bytes in base64, but it is not valid: a character is wrong or missing.", "Copy it again from its source."},
	"source_text":          {"This file is text, but neither 64 hexadecimal digits nor base64.", "Choose a file with 32 random bytes. A password or a sentence cannot be used instead."},
	"source_utf16":         {"This is UTF-16 text, as some Windows programs save it.", "Save it as UTF-8, or export the key as 32 bytes."},
	"source_private_key":   {"This is the private key of a key pair. Key material is a symmetric key of 32 random bytes.", "Choose the file that contains the key material, and keep this private key secret."},
	"source_public_key":    {"This is a public key, such as the wrapping key. Key material is the secret key that gets wrapped.", "Choose the file that contains the 32 bytes of the key."},
	"source_certificate":   {"This is a certificate or a certificate request. It contains no key material.", "Choose the file that contains the 32 bytes of the key."},
	"source_pem":           {"This kind of PEM file contains no key material.", "Choose a file that contains only the 32 bytes, raw, in hexadecimal or in base64."},
	"source_der":           {"This is a DER file: a key pair, a public key or a certificate.", "Choose the file that contains the 32 bytes of a symmetric key."},
	"source_backup":        {"This is an encrypted backup, not a bare key.", "Select “An encrypted backup” as the source, then open it with its passphrase or age identity."},
	"source_age_key":       {"This is an age identity or recipient. It opens or creates backups; it is not key material.", "Choose the backup. If this is its identity, enter it when the page asks for it."},
	"source_receipt":       {"This is the receipt of an import. It can confirm that a key is the right one, but it does not contain the key.", "Choose the backup, or the key itself."},
	"source_json":          {"This is a JSON file.", "Extract the key from it: save the 32 bytes, the 64 hexadecimal digits or the base64 in a separate file."},
	"source_archive":       {"This is a compressed file.", "Extract it, then choose the file with the key."},
	"source_not_confirmed": {"The file is not of the type you confirmed.", "Choose it again. It may have changed in the meantime."},

	// The components of a key.
	"component_not_hex":       {"The key component contains a character that is not a hexadecimal digit.", "Enter it as printed: digits 0 to 9 and letters A to F."},
	"component_length":        {"The key component does not have 64 hexadecimal digits.", "Compare it with the printout: there are too few or too many digits."},
	"component_zero":          {"This key component is all zeros and contributes nothing to the key.", "Enter the key component as printed. If it was printed like this, have new components generated."},
	"component_repeated":      {"This key component was already entered. Entering it twice would cancel it out.", "Enter each of the other components once."},
	"component_kcv_malformed": {"This is not a key check value (KCV) as printed with a key component.", "Enter the 6 to 10 hexadecimal digits printed beside the component."},
	"component_kcv_mismatch":  {"The key check value (KCV) does not match this key component. A digit in one of the two is wrong.", "Compare both with the printout."},
	"components_too_many":     {"There are already 16 key components, the most this page accepts.", "Start over with the first component."},
	"components_too_few":      {"At least two key components are required.", "Enter the next component."},
	"components_sum_zero":     {"These key components cancel each other out: combined they are all zeros, which is not a key.", "Compare them with the printout. One is missing or belongs to another key."},

	// What the checks find wrong with a key.
	"weak_known_key":    {"This key is printed in a published standard, where anyone can read it.", "Generate a new key."},
	"weak_repeated":     {"This key is a single byte or short block, repeated.", "Generate a new key of 32 random bytes."},
	"weak_counter":      {"This key is a counting sequence with a constant step: a test pattern.", "Generate a new key of 32 random bytes."},
	"weak_hex_text":     {"These 32 bytes are the characters of 32 hexadecimal digits, which encode only 16 bytes.", "Generate a new key of 32 random bytes."},
	"weak_base64_text":  {"These 32 bytes are characters of base64 or of a password. They contain at most 24 bytes of entropy, and far less if a person chose them.", "Generate a new key of 32 random bytes."},
	"weak_text":         {"These 32 bytes are printable text, such as a password or a sentence.", "Generate a new key of 32 random bytes."},
	"weak_run":          {"Ten consecutive bytes of this key are identical. Most likely a shorter secret was padded to 32 bytes.", "Generate a new key of 32 random bytes."},
	"weak_few_values":   {"This key contains at most 14 different byte values; a random key has about 30.", "Generate a new key of 32 random bytes."},
	"weak_unbalanced":   {"This key has far more zero bits than one bits, or the reverse.", "Generate a new key of 32 random bytes."},
	"weak_java_random":  {"This key comes from java.util.Random, as in the vendor's sample code. That generator has only 48 bits of state, so anyone can compute the whole key from its first eight bytes.", "Generate a new key, on this page or with java.security.SecureRandom."},
	"weak_go_math_rand": {"This key comes from Go's math/rand, as in the vendor's sample code. It can produce at most 2^31 keys, and anyone can try them all.", "Generate a new key, on this page or with crypto/rand."},
	"examine_cancelled": {"The check was stopped before it finished. It says nothing about this key.", "Run it again, or choose another key."},

	// Fingerprints and receipts.
	"kcv_malformed":        {"This is not a key check value (KCV).", "Enter its ten hexadecimal digits, such as 4F1A09B3C2."},
	"receipt_not_json":     {"This file is not a receipt, or part of it is missing. A receipt is one JSON object of strings and numbers.", "Choose the JSON file that was downloaded after the import."},
	"receipt_not_ours":     {"This is JSON, but not a Keyferry receipt.", "Choose the JSON file that was downloaded after the import."},
	"receipt_version":      {"This receipt has a version that this Keyferry does not support.", "Use the Keyferry that created it, or a newer one."},
	"receipt_malformed":    {"A field of this receipt is missing, unknown, duplicated or invalid.", "Use the file exactly as it was downloaded. If it was edited, use another copy."},
	"receipt_damaged":      {"This receipt contradicts itself: its commitment matches this key, but its key check value (KCV) belongs to another. It was altered.", "Do not rely on anything in it. Use another copy of the receipt."},
	"not_the_receipts_key": {"This is not the key that the receipt is for.", "Choose another backup, or the receipt for this one. This key was not sent."},

	// Making, reading and opening backups.
	"backup_failed":           {"The backup could not be created.", "Try again. If it happens again, report it. Keep this page open until a backup exists: the key may not exist anywhere else."},
	"backup_mixed":            {"A backup has either a passphrase or age keys, never both.", "Choose one of the two. To use both, create two backups."},
	"backup_not_age":          {"This is not an encrypted backup: it is not an age file.", "Choose the file that was downloaded as the backup. Its name ends in .age."},
	"backup_version":          {"This age file uses a format version that this Keyferry does not support.", "Use a newer Keyferry, or open the file with the age command."},
	"backup_damaged":          {"This backup is damaged: part of it is missing or was altered.", "Get it again from where it is stored, or use another copy."},
	"backup_not_material":     {"This age file was decrypted, but it does not contain key material: the content does not have exactly 32 bytes.", "Choose the backup of the key."},
	"backup_work_factor":      {"The scrypt work factor for the passphrase is not between 15 and 20.", "Choose a value from 15 to 20."},
	"backup_work_factor_high": {"Opening this backup requires more memory than a browser has: its scrypt work factor is above 20.", "Open the backup with the age command."},

	// The passphrase and the identity that open a backup.
	"backup_needs_passphrase":    {"This backup was encrypted with a passphrase.", "Enter the passphrase."},
	"backup_needs_identity":      {"This backup was encrypted to an age recipient.", "Enter the identity of that recipient. It begins with AGE-SECRET-KEY-."},
	"backup_wrong_passphrase":    {"This passphrase does not open the backup.", "Check upper and lower case, spaces and hyphens, and that this is the right backup. If everything is right, try another copy: a damaged backup can fail the same way."},
	"backup_wrong_identity":      {"This identity does not open the backup, which was encrypted to other recipients.", "Enter the identity of one of its recipients."},
	"backup_passphrase_short":    {"The passphrase is too short.", "Use 8 characters or more. A suggested passphrase is better."},
	"backup_passphrase_unusable": {"The passphrase contains characters that cannot be typed later, such as line breaks, or it is longer than 1,024 bytes.", "Choose another passphrase."},

	// The recipients to which a backup is encrypted.
	"backup_recipient_malformed": {"This is not an age recipient, or one of its characters is wrong.", "Copy the whole line that begins with age1."},
	"backup_recipient_private":   {"This looks like a private key. A recipient is the public key, which begins with age1.", "Delete it here and from the clipboard: whoever sees it can open your backups. Then enter the recipient."},
	"backup_recipient_ssh":       {"This is an SSH key. Backups cannot be encrypted to SSH keys.", "Generate an age key with age-keygen and enter its public key, which begins with age1."},
	"backup_recipient_plugin":    {"This recipient requires a plugin of the age command, which a browser cannot run.", "Enter a recipient as age-keygen prints it. It begins with age1 or age1pq1."},
	"backup_recipients_too_many": {"There are more than 32 recipients, the most a backup can have.", "Remove some, or create a second backup for the rest."},
	"backup_recipients_mixed":    {"These recipients mix post-quantum (age1pq1) and classical (age1) keys. The weaker kind would be enough to open the backup.", "Create one backup for each kind."},

	// The identity, as a person enters it.
	"backup_identity_malformed": {"This is not an age identity, or one of its characters is wrong.", "Enter the line of the age-keygen file that begins with AGE-SECRET-KEY-."},
	"backup_identity_public":    {"This is a recipient, which can create backups but not open them.", "Enter the identity that belongs to it. It begins with AGE-SECRET-KEY-."},
	"backup_identity_ssh":       {"This is an SSH key or another PEM key. Only age identities can open a backup here.", "Open the backup with the age command, or enter an identity that begins with AGE-SECRET-KEY-."},
	"backup_identity_plugin":    {"This identity requires a plugin of the age command, which a browser cannot run.", "Open the backup with the age command."},
	"backup_identity_encrypted": {"This identity file is itself encrypted.", "Decrypt it with the age command first, then enter the decrypted identity."},
}
