package requests

// Points returns the names of the places at which Config.Faults is called: before each transaction,
// before its commit and after it, and before and after each call to the KMS. Tests end the process
// there. The intent is in the transaction of the submission where nobody has to agree and a call can
// be made at once, and has one of its own otherwise.
func Points() []string {
	points := []string{"parameters.call.before", "parameters.call.after", "import.call.before", "import.call.after"}
	for _, write := range []string{
		"create", "parameters", "submit", "approve", "takeback", "refuse", "cancel", "again", "lapse", "own", "intent", "outcome",
		"renew", "drill", "prove",
		"parameters-link", "import-link", "report",
	} {
		points = append(points, write+".before", write+".within", write+".after")
	}
	return points
}
