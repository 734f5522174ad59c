package build

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"

	"keyferry/e2e/proof"
)

// TestProofRelease makes a release for two systems and two processors in two folders, the second in a
// hostile environment. [TestProofBuild] has its short form.
func TestProofRelease(t *testing.T) {
	if testing.Short() || !*proof.Full {
		t.Skip("the long form builds the program four times")
	}
	const platforms = "linux/amd64,windows/arm64"
	base := t.TempDir()
	plain, hostile := copyOfSources(t, filepath.Join(base, "a")), copyOfSources(t, filepath.Join(base, "of 名字", "b"))
	hostile.env = append(hostile.env, upsetting(t, hostile.folder)...)
	for _, s := range []*sources{plain, hostile} {
		s.takeTwins(t)
		s.make(t, "release", "PLATFORMS="+platforms)
	}
	checkReleases(t, plain, hostile, platforms)
}

// checkReleases compares two releases. Every file must be the same, SHA256SUMS must be right, and the
// bills must name what is in the programs.
func checkReleases(t *testing.T, plain, hostile *sources, platforms string) {
	t.Helper()
	var sums [2][]byte
	for i, s := range []*sources{plain, hostile} {
		var err error
		if sums[i], err = os.ReadFile(filepath.Join(s.folder, "dist", "SHA256SUMS")); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(sums[0], sums[1]) {
		t.Errorf("two releases of the same sources have the sums\n%s\n%s", sums[0], sums[1])
	}
	dist := filepath.Join(hostile.folder, "dist")
	check := exec.Command("sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS")
	check.Dir = dist
	if output, err := check.CombinedOutput(); err != nil {
		t.Errorf("sha256sum: %v\n%s", err, output)
	}
	for platform := range strings.SplitSeq(platforms, ",") {
		name := "keyferry-" + strings.ReplaceAll(platform, "/", "-")
		program := name
		if strings.HasPrefix(platform, "windows") {
			program += ".exe"
		}
		if !bytes.Contains(sums[0], []byte("  "+program+"\n")) || !bytes.Contains(sums[0], []byte("  keyferry-desk.html\n")) || !bytes.Contains(sums[0], []byte("  keyferry-desk-connected.html\n")) {
			t.Errorf("SHA256SUMS lacks %s or the desk:\n%s", program, sums[0])
		}
		checkBill(t, filepath.Join(dist, program), filepath.Join(dist, name+".cdx.json"))
	}
}

// checkBill compares a bill with what the go command says of the program.
func checkBill(t *testing.T, program, bill string) {
	t.Helper()
	text, err := os.ReadFile(bill)
	if err != nil {
		t.Fatal(err)
	}
	var read cyclonedx.BOM
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&read); err != nil || read.SpecVersion < cyclonedx.SpecVersion1_5 {
		t.Fatalf("%s: version %s, %v", bill, read.SpecVersion, err)
	}
	var got []string
	browser := 0
	for _, c := range *read.Components {
		for _, p := range *c.Properties {
			if p.Value == "browser" {
				browser++
			} else if c.Name != "std" {
				got = append(got, c.Name+" "+c.Version)
			}
		}
	}
	output, err := exec.Command("go", "version", "-m", program).Output()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for line := range strings.Lines(string(output)) {
		if fields := strings.Fields(line); len(fields) >= 3 && fields[0] == "dep" {
			want = append(want, fields[1]+" "+fields[2])
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s names\n%v, want\n%v", bill, got, want)
	}
	if !bytes.Contains(text, []byte(`"name": "filippo.io/age"`)) || browser < 3 {
		t.Errorf("%s does not name what browsers run", bill)
	}
}
