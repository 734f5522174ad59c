package verify

import (
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/html"

	"keyferry/server/address"
)

// self is what a console's first page says about the console. It serves only to configure the
// console in this process in the same way; every byte that follows from it is then compared.
type self struct {
	version  string
	region   string
	digest   string // of the static files
	team     bool   // whether it serves several people
	signIn   bool   // whether it serves one who has to sign in
	localKMS string // address of the local KMS's page; empty for Alibaba Cloud
}

var digestForm = regexp.MustCompile(`^[0-9a-f]{32}$`)

// readSelf reads the attributes that the import page has for its script, and the link to the local
// KMS.
func readSelf(page *answer) self {
	var said self
	body, _, err := page.decoded(maxPage)
	if err != nil {
		return said
	}
	for tokens := html.NewTokenizer(strings.NewReader(string(body))); tokens.Next() != html.ErrorToken; {
		token := tokens.Token()
		attributes := map[string]string{}
		for _, attribute := range token.Attr {
			attributes[attribute.Key] = attribute.Val
		}
		switch {
		case attributes["data-task"] == "import":
			said.version, said.region = attributes["data-version"], attributes["data-region"]
			_, said.team = attributes["data-team"]
			said.digest, _, _ = strings.Cut(strings.TrimPrefix(attributes["data-worker"], "/static/"), "/")
		case token.Data == "a" && said.localKMS == "":
			if site, found := strings.CutSuffix(attributes["href"], "?lang=en"); found && strings.Contains(site, "://") {
				said.localKMS = site
			}
		}
	}
	return said
}

func (s self) destination() string {
	if s.localKMS == "" {
		return "Alibaba Cloud"
	}
	return "the local KMS at " + quoted(s.localKMS)
}

// check lists what a console may not say of itself: what no console of ours says, since a page
// would carry it into commands and links, and what the person who runs this knows better.
func (s self) check(config Config) []string {
	var doubts []string
	if !s.regionWellFormed() {
		doubts = append(doubts, "the region "+quoted(s.region)+" is not one, such as cn-hangzhou")
	} else if config.Region != "" && s.region != config.Region {
		doubts = append(doubts, "it has the region "+s.region+" and should have "+quoted(config.Region))
	}
	if s.localKMS != "" && !onLoopback(s.localKMS) {
		doubts = append(doubts, "its local KMS is at "+quoted(s.localKMS)+", which is not on a loopback address")
	}
	if config.KMS != "" && (config.KMS == "local") != (s.localKMS != "") {
		doubts = append(doubts, "calls go to "+s.destination()+" and should go to "+config.KMS)
	}
	return doubts
}

func (s self) regionWellFormed() bool { return address.Region(s.region) }

// onLoopback reports whether an address has the one form that the address of an embedded local KMS
// has.
func onLoopback(site string) bool {
	parsed, err := url.Parse(site)
	if err != nil || parsed.Scheme != "http" || parsed.User != nil || site != "http://"+parsed.Host+"/" {
		return false
	}
	host, err := netip.ParseAddrPort(parsed.Host)
	return err == nil && address.Loopback(host.Addr().String())
}
