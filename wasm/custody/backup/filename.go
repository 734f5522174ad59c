package backup

// FileName returns a name for a backup of a CMK's material: the key ID and a date,
// such as keyferry-1234abcd-12ab-34cd-56ef-12345678abcd-2026-01-02.age. Characters
// of the key ID that are unusual in file names become hyphens; an alias or an ARN is
// taken as well.
func FileName(keyID, date string) string {
	name := []byte("keyferry-" + keyID + "-" + date)
	for i, c := range name {
		if !(c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '-' || c == '_') {
			name[i] = '-'
		}
	}
	return string(name) + ".age"
}
