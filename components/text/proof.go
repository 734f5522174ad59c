package text

// Proof is the page "What this proves, and what it cannot".
type Proof struct {
	Title      string
	Lead       string
	Holds      string
	HoldsList  []Claim
	Cannot     string
	CannotList []Claim
	Check      string
	CheckSteps []string
	Module     string
	ModuleWhy  string
}

// Claim is one thing said about the console and what it rests on.
type Claim struct {
	What string
	Why  string
}
