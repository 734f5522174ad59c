package memory

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"keyferry/components/text"
	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
	"keyferry/server/localkms"
)

// TestProofMemoryOfMany makes an archive of many keys and imports them. No key is in any memory of
// the browser when the archive was made, and none when the last is imported. In between the worker
// that has the archive open holds all of them, and the search finds each.
func TestProofMemoryOfMany(t *testing.T) {
	mark := browser.OwnBrowser(t)
	p := program.StartBeside(t, localkms.Config{})
	count := 20
	if *proof.Full {
		count = 500
	}
	v := browser.Open(p, t, browser.Look{}, "/many")
	v.Page.SetDefaultTimeout(60_000)
	holdWorker(v)
	words, number := v.Words.Many, fmt.Sprint(count)
	v.Do(v.Page.Locator("#many-list").Fill(strings.Join(p.CreateCMKs(t, count), "\n")))
	v.Press(words.UseList)
	passphrase := v.OfferedPassphrase()
	v.Press(text.Fill(words.Make, "count", number))
	linear := mustEraseAll(v)
	archive := v.SaveArchive()
	secrets, keys := newSearch(), program.Archived(t, archive, passphrase)
	if len(keys) != count {
		t.Fatalf("the archive has %d keys, want %d", len(keys), count)
	}
	for id, key := range keys {
		secrets.addSecret(id, key)
	}
	made := mustFindNothing(v, "after the archive was made", secrets, mark)

	v.ProveArchive(archive, passphrase)
	mustFindAll(t, secrets.scan(t, mark), slices.Collect(maps.Keys(keys)))
	v.Press(text.Fill(words.ImportAll, "count", number))
	if !v.News.Await(15*time.Minute, nil, func() bool { return len(v.Posted("ImportKeyMaterial")) == count }) {
		t.Fatalf("%d of %d imports were sent", len(v.Posted("ImportKeyMaterial")), count)
	}
	linear += "; " + mustEraseAll(v)
	v.See("[data-part=result] h2", "")
	mustEnd(v)
	imported := mustFindNothing(v, "after the last import", secrets, mark)
	proof.Findings.Add(proof.Findings.About("Memory", "source", "algorithm", "the module's memory", "the browser's processes", "what was typed, afterwards"),
		fmt.Sprintf("archive of %d keys", count), "RSAES_OAEP_SHA_256", linear,
		"archive made: "+made+"; open: each key is found; all imported: "+imported, "")
}

// mustEraseAll lets a worker end, and fails unless its module's memory is zero then.
func mustEraseAll(v *browser.Visit) string {
	v.T.Helper()
	halted(v, "before")
	goOn(v)
	halted(v, "after")
	memory := linearMemory(v)
	mustBeZero(v.T, memory)
	goOn(v)
	return fmt.Sprintf("%d MB, all zero", len(memory)>>20)
}

// mustFindAll fails unless every key is found in a renderer: a search that finds none there would
// find none afterwards whatever was left.
func mustFindAll(t testing.TB, found scanned, ids []string) {
	t.Helper()
	seen := map[string]bool{}
	for _, one := range found.traces {
		if name, raw := strings.CutSuffix(one.name, ", raw"); raw && one.process == "renderer" {
			seen[name] = true
		}
	}
	for _, id := range ids {
		if !seen[id] {
			t.Errorf("the worker holds the key of %s, and the search of the processes does not find it", id)
		}
	}
}
