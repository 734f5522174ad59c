package person

import (
	"strings"
	"testing"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

// The whole import arrives for every algorithm, in each language in turn, leaves nothing behind, and
// each one generates another key. Its result is a record on paper.
func TestImport(t *testing.T) {
	p := program.Start(t)
	seen := map[string]bool{}
	for i, algorithm := range browser.Algorithms {
		language := text.Languages[i%len(text.Languages)]
		t.Run(algorithm+"/"+language.Tag, func(t *testing.T) {
			p.Ask(t, "POST", "/reset", nil, nil)
			key := program.Seeded[i]
			v := browser.Open(p, t, browser.Look{Language: language.Tag}, "/?KeyId="+key)
			v.Press(v.Words.CMK.Use)
			v.GetParameters(algorithm)
			if i == 0 {
				v.Generate()
			} else {
				v.GenerateForRecipient()
			}
			v.Send(key)
			v.Imported(key)
			if got := p.State(t, key); got != "Enabled" {
				t.Errorf("the CMK is %s, want Enabled", got)
			}
			p.MustWork(t, key)
			material := string(p.Material(t, key))
			if len(material) != 32 || seen[material] {
				t.Errorf("the %d bytes of material have been imported before, or are not 32", len(material))
			}
			seen[material] = true
			v.MustNotHaveLeaked(key)
			id, err := v.Page.Locator("[data-part=result] [data-fill=import-request-id]").First().TextContent()
			if err != nil || len(id) != 36 {
				t.Errorf("the result shows %q for the KMS's RequestId: %v", id, err)
			}
			if command := v.Text("#describe-key"); !strings.Contains(command, "aliyun kms DescribeKey --KeyId "+key) {
				t.Errorf("the result's command to check is %q", command)
			}
			mustPrintRecord(v, key, algorithm)
		})
	}
}
