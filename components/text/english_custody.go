package text

// englishCustodyFaults are the refusals of what a person brings: files, components, backups and receipts.
var englishCustodyFaults = map[string]Fault{
	// A file as the source of key material.
	"source_empty":         {"This file is empty.", "Choose the file that holds the 32 bytes of the key."},
	"source_too_long":      {"This file is far too long for key material, which has 32 bytes.", "Choose the file that holds the key alone."},
	"source_size":          {"This file has more or fewer than 32 bytes, and it is not text either.", "Choose the file that holds the 32 bytes of the key and nothing else."},
	"source_size_16":       {"This file has 16 bytes, as an AES-128 or SM4 key has.", "Choose an AES-256 key: this CMK takes 32 bytes."},
	"source_size_24":       {"This file has 24 bytes, as an AES-192 or Triple DES key has.", "Choose an AES-256 key: this CMK takes 32 bytes."},
	"source_size_64":       {"This file has 64 bytes that are not hex digits: perhaps two keys, or a key for HMAC or AES-XTS.", "Export the 32 bytes of the key on their own. Which of these 64 they are is not for the page to guess."},
	"source_size_256":      {"This file has 256 bytes, as key material has once it is wrapped with RSA.", "Choose the file with the 32 bytes from before the wrapping."},
	"source_extra_newline": {"A line break follows the 32 bytes in this file. An editor may have added it.", "Export the key again, or keep only the first 32 bytes of the file, for instance with head -c 32."},
	"source_hex_length":    {"These are hex digits, but not the 64 that 32 bytes have.", "Compare the number of digits with the original: some are missing, some were added, or the key has another size. This CMK takes 32 bytes."},
	"source_base64_length": {"If this is base64, it stands for more or fewer than 32 bytes.", "Choose the file that holds base64 of exactly 32 bytes."},
	"source_base64_broken": {"This looks like base64 of 32 bytes, but no encoder writes it this way. A character is wrong or missing.", "Copy it again from where it was made."},
	"source_text":          {"This file is text, but neither 64 hex digits nor base64.", "Choose a file with 32 random bytes. A password or a sentence cannot stand in for them."},
	"source_utf16":         {"This is text in UTF-16, as some Windows programs save it.", "Save it as UTF-8, or export the key as 32 bytes."},
	"source_private_key":   {"This is the private key of a key pair. Key material is a symmetric key of 32 random bytes.", "Choose the file that holds the key material. Keep this one to yourself."},
	"source_public_key":    {"This is a public key, such as the wrapping key. Key material is the secret that the wrapping key wraps.", "Choose the file that holds the 32 bytes of the key."},
	"source_certificate":   {"This is a certificate, or a request for one. It holds no key material.", "Choose the file that holds the 32 bytes of the key."},
	"source_pem":           {"This is a PEM file of a kind that holds no key material.", "Choose a file with the 32 bytes alone, or with their hex digits or base64."},
	"source_der":           {"This is a DER file: a key pair, a public key or a certificate.", "Choose the file that holds the 32 bytes of a symmetric key."},
	"source_backup":        {"This is an encrypted backup and not a bare key.", "Choose it as an encrypted backup, then open it with its passphrase or its age identity."},
	"source_age_key":       {"This is an age key, an identity or a recipient. It opens or makes backups and is not key material.", "Choose the backup. If this is its identity, give it when the page asks for it."},
	"source_receipt":       {"This is the receipt of an import. It tells whether a key is the right one, but does not hold the key.", "Choose the backup, or the key itself."},
	"source_json":          {"This is a JSON file.", "Take the key out of it: save the 32 bytes, 64 hex digits or base64 in a file of their own."},
	"source_archive":       {"This is a compressed file.", "Unpack it, then choose the file with the key."},
	"source_not_confirmed": {"The file is not of the kind that you confirmed.", "Choose it again. It may have changed in between."},

	// The components of a key.
	"component_not_hex":       {"The component has a character that is not a hex digit.", "Enter it as it was printed: digits 0 to 9 and letters A to F."},
	"component_length":        {"The component does not have 64 hex digits.", "Compare it with the printed one: digits are missing, or there are too many."},
	"component_zero":          {"This component is all zeros and adds nothing to the key.", "Enter the component as it was printed. If it was printed like this, have new components made."},
	"component_repeated":      {"This component was entered before. A second time would cancel it out.", "Enter the other components, each one once."},
	"component_kcv_malformed": {"This is not a key check value (KCV) as printed with a component.", "Enter the 6 to 10 hex digits that stand beside the component."},
	"component_kcv_mismatch":  {"The key check value (KCV) does not belong to this component. A digit in one of the two is wrong.", "Compare both with what was printed."},
	"components_too_many":     {"There are 16 components already, more than this page takes.", "Begin again with the first component."},
	"components_too_few":      {"A key needs at least two components.", "Enter the next one."},
	"components_sum_zero":     {"These components cancel each other out: together they give all zeros, which is no key.", "Compare them with what was printed. One is missing, or belongs to another key."},

	// What the quality gate holds against a key.
	"weak_known_key":    {"This key is printed in a published standard, so that anyone can read it there.", "Make a new key."},
	"weak_repeated":     {"This key is one byte or one short block, written again and again.", "Make a new key of 32 random bytes."},
	"weak_counter":      {"This key counts: the step from each piece to the next is the same. That is a test pattern.", "Make a new key of 32 random bytes."},
	"weak_hex_text":     {"These 32 bytes are the characters of 32 hex digits, which stand for 16 bytes only.", "Make a new key of 32 random bytes."},
	"weak_base64_text":  {"These 32 bytes are characters of base64 or of a password. They carry 24 bytes of secret at most, and far less if a person chose them.", "Make a new key of 32 random bytes."},
	"weak_text":         {"These 32 bytes are printable text, such as a password or a sentence.", "Make a new key of 32 random bytes."},
	"weak_run":          {"Ten bytes in a row are the same in this key. Most likely a shorter secret was filled up to 32 bytes.", "Make a new key of 32 random bytes."},
	"weak_few_values":   {"At most 14 different byte values occur in this key. A random one has about 30.", "Make a new key of 32 random bytes."},
	"weak_unbalanced":   {"This key has far more zero bits than one bits, or far more one bits than zero bits.", "Make a new key of 32 random bytes."},
	"weak_java_random":  {"This key comes from java.util.Random, as in the vendor's sample code. That generator has 48 bits of state, and anyone can compute the whole key from its first eight bytes.", "Make a new key, on this page or with java.security.SecureRandom."},
	"weak_go_math_rand": {"This key comes from Go's math/rand, as in the vendor's sample code. That way at most 2^31 keys can arise, and anyone can try them all.", "Make a new key, on this page or with crypto/rand."},
	"examine_cancelled": {"The examination was stopped before its end. It says nothing about this key.", "Start it again, or choose another key."},

	// Fingerprints and receipts.
	"kcv_malformed":        {"This is not a key check value (KCV).", "Enter its ten hex digits, such as 4F1A09B3C2."},
	"receipt_not_json":     {"This file is not a receipt, or part of it is missing: a receipt is one JSON object of strings and numbers.", "Choose the JSON file that was downloaded after the import."},
	"receipt_not_ours":     {"This is JSON, but not a receipt of Keyferry.", "Choose the JSON file that was downloaded after the import."},
	"receipt_version":      {"This receipt has a version that this Keyferry does not know.", "Use the Keyferry that made it, or a newer one."},
	"receipt_malformed":    {"A field of this receipt is missing, unknown, doubled or wrong.", "Use the file exactly as it was downloaded. If it was edited, look for another copy."},
	"receipt_damaged":      {"This receipt contradicts itself: its commitment is to this key, and its key check value (KCV) is of another. It was changed.", "Rely on nothing in it. Look for another copy of the receipt."},
	"not_the_receipts_key": {"This is not the key that the receipt was written for.", "Choose another backup, or the receipt that belongs to this one. This key was not sent."},

	// Making, reading and opening backups.
	"backup_failed":           {"The backup could not be made.", "Try again. If it happens again, report it. Keep this page open until a backup exists: the key may be nowhere else."},
	"backup_mixed":            {"A backup has either a passphrase or age keys, never both.", "Give one of the two. To have both, make two backups."},
	"backup_not_age":          {"This file is not an encrypted backup: it is not an age file.", "Choose the file that was downloaded as the backup. Its name ends in .age."},
	"backup_version":          {"This age file is of a version of the format that this Keyferry does not know.", "Use a newer Keyferry, or open the file with the age command."},
	"backup_damaged":          {"This backup is damaged: part of it is missing or was changed.", "Fetch it again from where it is kept, or use another copy."},
	"backup_not_material":     {"This age file was opened, but what it holds is not key material: it does not have exactly 32 bytes.", "Choose the backup that was made of the key."},
	"backup_work_factor":      {"The scrypt work factor for the passphrase is not between 15 and 20.", "Choose one from 15 to 20."},
	"backup_work_factor_high": {"The passphrase of this backup takes more memory than a browser has: its scrypt work factor is above 20.", "Open the backup with the age command."},

	// The passphrase and the identity that open a backup.
	"backup_needs_passphrase":    {"This backup was encrypted to a passphrase.", "Enter the passphrase."},
	"backup_needs_identity":      {"This backup was encrypted to an age recipient.", "Give the identity of that recipient. It begins with AGE-SECRET-KEY-."},
	"backup_wrong_passphrase":    {"This passphrase does not open the backup.", "Check capitals, spaces and hyphens, and that this is the right backup. If all of them are right, try another copy: a damaged one can look the same."},
	"backup_wrong_identity":      {"This identity does not open the backup, which was encrypted to others.", "Give the identity of one of its recipients."},
	"backup_passphrase_short":    {"The passphrase is too short.", "Choose 8 characters or more. A generated passphrase is better."},
	"backup_passphrase_unusable": {"The passphrase has characters that cannot be typed later, such as line breaks, or it is longer than 1024 bytes.", "Choose another."},

	// The recipients to which a backup is encrypted.
	"backup_recipient_malformed": {"This is not an age recipient, or a character of it is wrong.", "Copy the whole line that begins with age1."},
	"backup_recipient_private":   {"This looks like a private key. A recipient is the public key, which begins with age1.", "Delete it here and from the clipboard: whoever sees it can open your backups. Then enter the recipient."},
	"backup_recipient_ssh":       {"This is an SSH key. Backups are not made to SSH keys.", "Make an age key with age-keygen and enter its public key, which begins with age1."},
	"backup_recipient_plugin":    {"This recipient needs a plugin of the age command, which a browser cannot run.", "Enter a recipient as age-keygen prints it. It begins with age1 or age1pq1."},
	"backup_recipients_too_many": {"There are more recipients than the 32 that a backup can have.", "Remove some, or make a second backup for the rest."},
	"backup_recipients_mixed":    {"These recipients are of both kinds, post-quantum (age1pq1) and classic (age1). The weaker kind would open the backup too.", "Make one backup for each kind."},

	// The identity, as a person gives it.
	"backup_identity_malformed": {"This is not an age identity, or a character of it is wrong.", "Give the file that age-keygen wrote, or its line that begins with AGE-SECRET-KEY-."},
	"backup_identity_public":    {"This is a recipient, which makes backups and does not open them.", "Give the identity that belongs to it. It begins with AGE-SECRET-KEY-."},
	"backup_identity_ssh":       {"This is an SSH key, or another key in PEM. Only age identities open a backup here.", "Open the backup with the age command, or give an identity that begins with AGE-SECRET-KEY-."},
	"backup_identity_plugin":    {"This identity needs a plugin of the age command, which a browser cannot run.", "Open the backup with the age command."},
	"backup_identity_encrypted": {"This identity file is itself encrypted.", "Decrypt it with the age command first, then give what comes out."},
}
