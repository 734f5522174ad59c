package text

// Proof is the page "Guarantees and limits".
type Proof struct {
	Title      string
	Lead       string
	Holds      string
	TestedBy   string
	HoldsList  []Claim
	Cannot     string
	CannotList []Claim
	Check      string
	CheckSteps []string
	Module     string
	ModuleWhy  string
}

// HoldsTests and CannotTests name the tests that back each claim, in the order of HoldsList and
// CannotList. Whoever doubts a claim can run them.
var (
	HoldsTests = [][]string{
		{"TestProofNothingLeaves", "TestProofSabotage"},
		{"TestWhatEachPartLinks"},
		{"TestProofPolicy", "TestProofFirefoxPolicy"},
		{"TestAlteredModuleIsRefused", "TestProofBuild"},
		{"TestProofNothingLeaves", "TestProofMemory"},
		{"TestDeskIsSealed", "TestDesk", "TestProofPolicy"},
		{"TestProofLinkedAttacks", "TestProofLinkedImport", "TestProofLinkedFirefox", "TestImportWithTheDesk"},
		{"TestProofRobustness"},
	}
	CannotTests = [][]string{
		{"TestProofDishonest", "TestProofVerify"},
		{"TestProofDishonest", "TestDeskParameterFiles", "TestProofLinkedAttacks"},
		{},
		{"TestProofMemory"},
		{},
	}
)

// Claim is one thing said about the console and what it rests on.
type Claim struct {
	What string
	Why  string
}
