package browser

import (
	"encoding/json"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
	"os"
	"strings"
)

// MustBeAccessible runs axe-core on the page as it is. It finds a part of the problems that there
// can be; the test by keyboard alone finds others. The short form leaves out what is hidden.
func (v *Visit) MustBeAccessible(state string) {
	v.T.Helper()
	if loaded, err := v.Page.Evaluate(`"axe" in window`); err != nil || loaded != true {
		source, err := os.ReadFile(program.Source("e2e/node_modules/axe-core/axe.min.js"))
		if err != nil {
			v.T.Fatal("npm's axe-core is missing: run make tools")
		}
		v.Do(v.Page.Evaluate(string(source)))
	}
	context := "document"
	if !*proof.Full { // what is hidden here is looked at in the state that shows it
		context = `{exclude: [["[hidden]"]]}`
	}
	result, err := v.Page.Evaluate(`axe.run(` + context + `, {
		runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
		resultTypes: ["violations"], // nobody reads the others
	}).then((found) => JSON.stringify(found.violations.map((violation) =>
		({rule: violation.id, help: violation.help, where: violation.nodes.map((node) => node.html)}))))`)
	v.Do(err)
	var violations []struct {
		Rule, Help string
		Where      []string
	}
	if err := json.Unmarshal([]byte(result.(string)), &violations); err != nil {
		v.T.Fatal(err)
	}
	for _, violation := range violations {
		v.T.Errorf("%s: %s (%s):\n%s", state, violation.Help, violation.Rule, strings.Join(violation.Where, "\n"))
	}
}
