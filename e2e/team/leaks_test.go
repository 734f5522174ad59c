package team

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"keyferry/e2e/browser"
	"keyferry/e2e/leak"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
	"keyferry/e2e/proof/patch"
	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// sabotage is a leak that is built into the product: the file in testdata, and what must be found
// then.
type sabotage struct{ file, found string }

var sabotages = []sabotage{
	{"testdata/log-cookie", "session cookie in the log"},
	{"testdata/log-ciphertext", "ciphertext in the log"},
	{"testdata/log-guest-code", "code of the guest link in the log"},
	{"testdata/log-provider-code", "code or token of the provider in the log"},
	{"testdata/ledger-token", "import token in the ledger"},
	{"testdata/ciphertext-kept", "ciphertext in the database"},
	{"testdata/session-plain", "session cookie in the database"},
	{"testdata/page-address", "code of the guest link in an address"},
	{"testdata/page-console", "import token in the console"},
	{"testdata/page-storage", "ciphertext in the storage"},
	{"testdata/page-note", "passphrase in the body"},
	{"testdata/page-cookie", "session cookie in a header"},
	{"testdata/page-query", "unusual address of /api/requests/ID/submit"},
}

// onPostgres are those of the sabotages that depend on the database.
var onPostgres = []string{"testdata/ciphertext-kept", "testdata/session-plain"}

// TestProofOfRequests lets people sign in, import for requests and agree, and searches everything
// that this leaves for every secret that was in it. The honest product is clean. In the long form it
// is on PostgreSQL as well, and each sabotage is built into it and caught: what the console leaks in
// one product, what the pages leak in another. Each leaks something else, or into something else, so
// that what is found tells whose it is.
func TestProofOfRequests(t *testing.T) {
	t.Run("honest", func(t *testing.T) { travel(t, built(t), "").mustFind(t) })
	if !*proof.Full {
		return
	}
	t.Run("honest on PostgreSQL", func(t *testing.T) { travel(t, built(t), storetest.URL(t, store.Postgres)).mustFind(t) })
	var console, pages, database []sabotage
	for _, s := range sabotages {
		if strings.HasPrefix(s.file, "testdata/page-") {
			pages = append(pages, s)
		} else {
			console = append(console, s)
		}
		if slices.Contains(onPostgres, s.file) {
			database = append(database, s)
		}
	}
	t.Run("the console leaks", func(t *testing.T) { mustCatch(t, "", console) })
	t.Run("the pages leak", func(t *testing.T) { mustCatch(t, "", pages) })
	t.Run("the console leaks on PostgreSQL", func(t *testing.T) { mustCatch(t, storetest.URL(t, store.Postgres), database) })
}

// mustCatch builds the product with sabotages in it, goes through it, and must find each.
func mustCatch(t *testing.T, database string, all []sabotage) {
	t.Helper()
	var files, found []string
	for _, s := range all {
		files, found = append(files, s.file+".sabotage"), append(found, s.found)
	}
	p := patch.Read(t, files...)
	binary := filepath.Join(t.TempDir(), "keyferry")
	p.BuildWithPages(t, binary, nil, "./server")
	travel(t, binary, database).mustFind(t, found...)
}

// TestSabotagesFit applies every patch to the sources as they are now.
func TestSabotagesFit(t *testing.T) {
	listed := map[string]bool{}
	for _, s := range sabotages {
		patch.Read(t, s.file+".sabotage")
		listed[s.file+".sabotage"] = true
	}
	all, err := filepath.Glob("testdata/*.sabotage")
	if err != nil || len(all) == 0 {
		t.Fatalf("%d patches, error %v", len(all), err)
	}
	for _, name := range all {
		if !listed[name] {
			t.Errorf("nobody tries %s", name)
		}
	}
}

// search is what a run left behind, and what must not be in it.
type search struct {
	places  map[string][]byte
	secrets map[string][]secret
	found   map[string]bool
	names   *strings.Replacer // of the ids of the requests

	mu    sync.Mutex
	asked map[somebody][]playwright.Request // that browsers made; needs mu
}

// secret is some bytes that must be nowhere but in some places. Whole ones are looked for as they
// are, the others in pieces and in every spelling.
type secret struct {
	value []byte
	whole bool
	may   []string
}

func (s *search) hide(name, value string, may ...string) {
	s.secrets[name] = append(s.secrets[name], secret{[]byte(value), len(value) < 2*leak.Window, may})
}

// mustFind fails unless exactly this is found.
func (s *search) mustFind(t *testing.T, want ...string) {
	t.Helper()
	for _, name := range want {
		if !s.found[name] {
			t.Errorf("not found: %s", name)
		}
	}
	if len(want) > 0 {
		t.Logf("found: %s", strings.Join(slices.Sorted(maps.Keys(s.found)), "; "))
		return
	}
	for name := range s.found {
		t.Errorf("found: %s", name)
	}
}

// look searches all places.
func (s *search) look(t *testing.T) {
	t.Helper()
	pieces := map[string][]byte{}
	for name, all := range s.secrets {
		for i, one := range all {
			if !one.whole {
				pieces[fmt.Sprintf("%s#%d", name, i)] = one.value
			}
		}
	}
	search, err := leak.New(pieces)
	if err != nil {
		t.Fatal(err)
	}
	for place, content := range s.places {
		in := func(name string, one secret) {
			if !slices.ContainsFunc(one.may, func(may string) bool { return strings.HasPrefix(place, may) }) {
				kind, _, _ := strings.Cut(place, " of ")
				s.found[name+" in "+kind] = true
			}
		}
		for _, finding := range search.In(content) {
			name, number, _ := strings.Cut(finding.Secret, "#")
			var i int
			fmt.Sscan(number, &i)
			in(name, s.secrets[name][i])
		}
		for name, all := range s.secrets {
			for _, one := range all {
				if one.whole && apart(content, one.value) {
					in(name, one)
				}
			}
		}
	}
}

// apart reports whether a value is in content with no letter or digit beside it: six digits are in
// many a longer number.
func apart(content, value []byte) bool {
	plain := func(b byte) bool {
		return '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
	}
	for at := 0; ; at++ {
		next := bytes.Index(content[at:], value)
		if next < 0 {
			return false
		}
		at += next
		end := at + len(value)
		if (at == 0 || !plain(content[at-1])) && (end == len(content) || !plain(content[end])) {
			return true
		}
	}
}

// travel goes through the product: a request that is imported, and one by a guest link that is
// refused. Between submission and end the database has the ciphertexts; afterwards nothing has.
func travel(t *testing.T, binary, database string) *search {
	t.Helper()
	s := &search{places: map[string][]byte{}, secrets: map[string][]secret{}, found: map[string]bool{}, asked: map[somebody][]playwright.Request{}}
	c := withProvider(t, binary, database)
	key := program.Seeded[0]
	visit := func() somebody {
		v := c.fresh(t, browser.Look{})
		v.Page.OnRequest(func(r playwright.Request) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.asked[v] = append(s.asked[v], r)
		})
		return v
	}
	robin, ines, olga := c.enter(visit(), "robin"), c.enter(visit(), "ines"), c.enter(visit(), "olga")
	guest := visit()

	first := robin.CreateRequest(key, "payments/eu", time.Hour, "")
	s.importFor(ines, first, key)
	shown := digits(ines.Text("[data-fill=order-digest]"))
	second := robin.CreateRequest(program.Seeded[1], "payments/guest", time.Hour, `ImporterKind: "link", Importer: ""`)
	s.names = strings.NewReplacer(first, "ID", second, "ID")
	s.openLink(robin, guest, second)
	s.importFor(guest, second, program.Seeded[1])
	for _, one := range s.secrets["ciphertext"] {
		if !slices.ContainsFunc(slices.Collect(maps.Values(c.files(t))), func(content []byte) bool { return bytes.Contains(content, one.value) }) {
			t.Error("a ciphertext that waits is not found in the database: the search would find none")
		}
	}

	olga.sees(first, olga.Words.Team.Status.Submitted)
	if digits(olga.Text("[data-fill=short-digest]")) != shown {
		t.Error("the page shows another digest than the importer saw")
	}
	olga.Press(olga.Words.Team.One.Agree)
	olga.See(".now h2", olga.Words.Team.Status.Imported)
	s.hide("key material", string(c.Material(t, key)))
	olga.sees(second, olga.Words.Team.Status.Submitted)
	olga.Do(olga.Page.Locator("[data-may=refuse] summary").Click())
	olga.Do(olga.Page.Locator("#refuse-reason").Fill("not the one"))
	olga.Press(olga.Words.Team.One.Refuse)
	olga.See(".now h2", olga.Words.Team.Status.Refused)

	for _, one := range c.provider.Handed() {
		if parts := strings.Split(one, "."); len(parts) == 3 {
			one = parts[2] // the signature; the beginning of every such token is the same
		}
		s.hide("code or token of the provider", one, "the way back from the provider")
	}
	for name, v := range map[string]somebody{"robin": robin, "ines": ines, "olga": olga, "guest": guest} {
		s.keepVisit(name, v)
		s.keepHeaders(v)
	}
	c.keepRest(t, s)
	s.look(t)
	return s
}

// importFor does the importer's part, and registers what was secret in it.
func (s *search) importFor(v somebody, id, key string) {
	v.T.Helper()
	v.wait("/?request="+id, "[data-step=params][data-state=open] h2", "")
	v.Press(v.Words.Params.Get)
	passphrase := v.OfferedPassphrase()
	v.Press(v.Words.Material.Prepare)
	backup := v.SaveBackup()
	v.ProveBackup(backup, passphrase)
	s.secrets["passphrase"] = append(s.secrets["passphrase"], secret{value: []byte(passphrase), whole: true},
		secret{value: []byte(url.QueryEscape(passphrase)), whole: true})
	v.submit(key)
	var sent struct{ EncryptedKeyMaterial, ImportToken string }
	v.Do(json.Unmarshal(bodyOf(v, id+"/submit"), &sent))
	s.hide("ciphertext", sent.EncryptedKeyMaterial, "the body of /api/requests/"+id+"/submit", "the page of")
	s.hide("import token", sent.ImportToken, "the body of /api/requests/"+id+"/submit", "the page of")
}

// bodyOf is the body of the last request to an address with this end.
func bodyOf(v somebody, end string) []byte {
	v.Mu.Lock()
	defer v.Mu.Unlock()
	for _, sent := range slices.Backward(v.Sent) {
		address, _, _ := bytes.Cut(sent, []byte("\n"))
		if at, _, _ := bytes.Cut(address, []byte("?")); bytes.HasSuffix(at, []byte(end)) {
			return sent[bytes.LastIndexByte(sent, '\n')+1:]
		}
	}
	v.T.Fatalf("nothing was sent to %s", end)
	return nil
}

// openLink makes a guest link, and opens it with its code.
func (s *search) openLink(by, guest somebody, id string) {
	by.T.Helper()
	by.sees(id, by.Words.Team.Status.Open)
	by.Press(by.Words.Team.One.MakeGuestLink)
	by.See("[data-part=guest-link] h3", by.Words.Team.One.GuestTitle)
	link, code := by.Text("#guest-address"), digits(by.Text("[data-fill=guest-code]"))
	_, secret, _ := strings.Cut(link, "#")
	s.hide("secret of the guest link", secret, "the page of robin", "the body of /signin/guest")
	s.hide("code of the guest link", code, "the page of robin", "the body of /signin/guest")
	guest.Do(guest.Page.Goto(link))
	guest.Do(guest.Page.Locator("#code").Fill(code))
	guest.Press(guest.Words.Team.SignIn.Open)
	guest.See("[data-part=order] h2", guest.Words.Team.Order.Title)
}

// keepVisit keeps what a browser sent, has and said, and registers its session cookie.
func (s *search) keepVisit(name string, v somebody) {
	v.T.Helper()
	cookies, err := v.Page.Context().Cookies()
	v.Do(err)
	for _, cookie := range cookies {
		if strings.HasPrefix(cookie.Name, "keyferry-") {
			s.hide("session cookie", cookie.Value, "the cookies for the console")
		}
	}
	for place, script := range map[string]string{
		"the page": `document.documentElement.outerHTML`,
		"the storage": `(async () => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, history.state, window.name,
			await indexedDB.databases(), await caches.keys()]))()`,
	} {
		state, err := v.Page.Evaluate(script)
		v.Do(err)
		s.add(place+" of "+name, []byte(fmt.Sprint(state)))
	}
	v.Mu.Lock()
	defer v.Mu.Unlock()
	s.add("the console of the browser of "+name, []byte(strings.Join(v.Said, "\n")))
	for _, sent := range v.Sent {
		line, rest, _ := bytes.Cut(sent, []byte("\n"))
		at, err := url.Parse(string(line[bytes.IndexByte(line, ' ')+1:]))
		v.Do(err)
		where := "an address"
		if at.Host == strings.TrimPrefix(v.Program.Console, "http://") {
			s.lookAt(at)
		}
		if at.Path == "/signin/callback" || strings.HasPrefix(at.Host, "localhost:") {
			where = "the way back from the provider"
		}
		s.add(where, line)
		s.add("the body of "+at.Path, rest)
	}
}

// lookAt notes an address that the pages of these journeys do not ask for. In those nothing is free but
// what the provider gives with a code.
func (s *search) lookAt(at *url.URL) {
	if !usualAddress.MatchString(s.names.Replace(at.RequestURI())) {
		s.found["unusual address of "+s.names.Replace(at.Path)] = true
	}
}

var usualAddress = regexp.MustCompile(`^(/(signin|proof)?|/en/(signin|proof|requests)|/static/[0-9a-f]{32}/[a-z_]+(/[a-z_]+)?\.(js|css|wasm|svg)|` +
	`/(en/)?(request\?id=ID|\?request=ID)|/api/(me|requests(\?which=mine&state=&text=&after=)?|requests/ID(/(submit|refuse|parameters|guest-link|approve))?)|` +
	`/signin/(guest|start\?to=%2Fen%2Frequests|callback\?code=[0-9A-Za-z._-]+&state=[A-Z2-7]{26}))$`)

// keepHeaders keeps the headers that a browser sent, also those that it tells no script about. A cookie
// of the console belongs into one header, of what the console is asked for.
func (s *search) keepHeaders(v somebody) {
	v.T.Helper()
	s.mu.Lock()
	asked := s.asked[v]
	s.mu.Unlock()
	cookies := 0
	for _, r := range asked {
		headers, err := r.AllHeaders()
		v.Do(err)
		for name, value := range headers {
			place := "a header"
			if name == "cookie" && strings.HasPrefix(r.URL(), v.Program.Console+"/") {
				place = "the cookies for the console"
				cookies += strings.Count(value, "keyferry-")
			}
			s.add(place, []byte(name+": "+value))
		}
	}
	if cookies == 0 {
		v.T.Error("no cookie of the console is among the headers: the search would find none")
	}
}

func (s *search) add(place string, content []byte) {
	s.places[place] = append(append(s.places[place], content...), '\n')
}

// keepRest keeps what the console has: its log, the ledger as anybody can export it, and the files of
// an SQLite database once what was deleted has left them. Of PostgreSQL it keeps the rows, since the
// server's files have deleted ones until it vacuums.
func (c site) keepRest(t *testing.T, s *search) {
	t.Helper()
	export, err := exec.Command(program.Binary, "ledger", "export", c.database).Output()
	if err != nil {
		t.Fatalf("exporting the ledger: %v", err)
	}
	s.add("the ledger", export)
	if !c.postgres() {
		program.Eventually(t, 30*time.Second, "the write-ahead log is emptied", func() bool {
			info, err := os.Stat(c.database + "-wal")
			return err == nil && info.Size() == 0
		})
	}
	stored := 0
	for name, content := range c.files(t) {
		s.add("the database of "+name, content)
		stored += len(content)
	}
	s.add("the log", c.Log.Bytes())
	for place, least := range map[string]int{"the ledger": 1000, "the log": 1000, "an address": 1000} {
		if len(s.places[place]) < least {
			t.Errorf("%s has %d bytes: it cannot be complete", place, len(s.places[place]))
		}
	}
	if stored < 10_000 {
		t.Errorf("the database has %d bytes: it cannot be complete", stored)
	}
}

func (c site) postgres() bool { return strings.HasPrefix(c.database, "postgres:") }

// files are those of an SQLite database, by name, or the rows of PostgreSQL's, by table.
func (c site) files(t *testing.T) map[string][]byte {
	t.Helper()
	if c.postgres() {
		return c.tables(t)
	}
	names, err := filepath.Glob(filepath.Join(c.folder, "keyferry.db*"))
	if err != nil || len(names) == 0 {
		t.Fatalf("the database has %d files, error %v", len(names), err)
	}
	all := map[string][]byte{}
	for _, name := range names {
		if !strings.Contains(name, "ledger-key") {
			all[filepath.Base(name)] = program.ReadFile(t, name)
		}
	}
	return all
}

func (c site) tables(t *testing.T) map[string][]byte {
	t.Helper()
	db, err := store.OpenToRead(c.database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	all := map[string][]byte{}
	texts := func(tx *store.Tx, query string) (lines []string) {
		rows, err := tx.Query(query)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Fatal(err)
			}
			lines = append(lines, line)
		}
		return lines
	}
	if err := db.Read(t.Context(), func(tx *store.Tx) error {
		for _, table := range texts(tx, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'") {
			all[table] = []byte(strings.Join(texts(tx, "SELECT row_to_json(t)::text FROM "+table+" t"), "\n"))
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}
