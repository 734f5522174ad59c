package account

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// close ends everything, and sorts what the wire and the disk hold into the records.
func (h *observer) close(t *testing.T) {
	t.Helper()
	h.KeepClipboard()
	h.Close()
	usual := map[string][]string{}
	for _, address := range slices.Concat(h.Openers(), h.LocalKMSs(), []string{h.usual, h.Reader()}) {
		h.known[address] = true
	}
	byAddress := map[string]*record{}
	for _, r := range h.records {
		byAddress[r.Address] = r
		r.Usual = usual
	}
	answers := map[string][]byte{}
	for _, s := range h.Streams {
		from, to := s.Ends()
		answers[from+" "+to] = s.Content
	}
	for _, s := range h.Streams {
		from, to := s.Ends()
		switch {
		case to == h.usual:
			for _, sent := range split(s.Content) {
				kind, head := sent.kind(h.usual), sent.plainHead(h.usual)
				if !slices.Contains(usual[kind], head) {
					usual[kind] = append(usual[kind], head)
				}
			}
		case byAddress[to] != nil:
			wire := byAddress[to].Wire // a port that is used again goes on
			wire[from] = append(wire[from], s.Content...)
		case slices.Contains(h.LocalKMSs(), to):
			h.sortCalls(t, s.Content, answers[to+" "+from])
		case h.known[to] || h.known[from]:
		default:
			for _, r := range h.records { // whose it is cannot be told
				r.Strangers = append(r.Strangers, fmt.Sprintf("a connection from %s to %s", from, to))
			}
		}
	}
	h.sortPlaces(t)
}

// sortCalls gives the calls of one connection to the KMS to their records, by the CMK.
func (h *observer) sortCalls(t *testing.T, requests, answers []byte) {
	t.Helper()
	reader := bufio.NewReader(bytes.NewReader(answers))
	for _, sent := range split(requests) {
		answer, err := http.ReadResponse(reader, nil)
		var body []byte
		if err == nil {
			body, _ = io.ReadAll(answer.Body)
		}
		request := slices.Concat(sent.head, []byte("\r\n\r\n"), sent.body)
		for _, r := range h.records {
			if slices.ContainsFunc(r.Given.cmks(), func(id string) bool { return bytes.Contains(request, []byte(id)) }) {
				r.Calls = append(r.Calls, call{request, body})
			}
		}
	}
}

// sortPlaces looks at what else the monitor kept: packets that are none of TCP, and files of the
// browser's.
func (h *observer) sortPlaces(t *testing.T) {
	t.Helper()
	for _, place := range h.Places {
		if place.Monitor == "profile" {
			h.sortTables(t, place)
		}
		var what string
		switch {
		case place.Monitor == "wire" && strings.HasPrefix(place.Name, "packet ") && !neighbourly(place.Content()) && !ownLookup(place.Content()):
			what = fmt.Sprintf("%s is none of TCP: %.80q", place.Name, place.Content())
		case place.Monitor == "profile" && strings.Contains(place.Name, "/Cache_Data/") && strings.HasSuffix(place.Name, "_0"):
			h.sortCached(place.Content())
			continue
		case place.Monitor == "profile" && keeps.MatchString(place.Name):
			what = "the profile has the file " + place.Name
		case place.Monitor == "profile" && webStorage.MatchString(place.Name):
			for _, r := range h.records {
				if bytes.Contains(place.Content(), []byte("http://"+r.Address)) {
					r.Profile = append(r.Profile, "a storage of the console's in "+place.Name)
				}
			}
			continue
		case place.Monitor == "clipboard":
			what = fmt.Sprintf("the clipboard holds %.80q", place.Content())
		default:
			continue
		}
		for _, r := range h.records { // whose it is cannot be told
			r.Strangers = append(r.Strangers, what)
		}
	}
}

// neighbourly holds for the packets that the kernel sends by itself as an interface comes up:
// ICMPv6 to neighbours and routers.
func neighbourly(frame []byte) bool {
	packet := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.NoCopy)
	icmp, ok := packet.Layer(layers.LayerTypeICMPv6).(*layers.ICMPv6)
	if !ok {
		return false
	}
	switch icmp.TypeCode.Type() {
	case layers.ICMPv6TypeRouterSolicitation, layers.ICMPv6TypeNeighborSolicitation, layers.ICMPv6TypeNeighborAdvertisement,
		layers.ICMPv6TypeMLDv2MulticastListenerReportMessageV2:
		return len(frame) < 200
	}
	return false
}

// ownLookup holds for a question for one of the names that Chromium asks for by itself, whatever it
// shows. A page cannot choose the number of the question, nor its port.
func ownLookup(frame []byte) bool {
	packet := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.NoCopy)
	dns, ok := packet.Layer(layers.LayerTypeDNS).(*layers.DNS)
	return ok && !dns.QR && len(dns.Questions) == 1 && len(dns.Answers)+len(dns.Authorities)+len(dns.Additionals) == 0 &&
		slices.Contains(ownNames, string(dns.Questions[0].Name))
}

var ownNames = []string{
	"clients2.google.com", "update.googleapis.com", "accounts.google.com", "content-autofill.googleapis.com",
	"optimizationguide-pa.googleapis.com",
}

// keeps are folders of a profile in which a page could keep something.
var keeps = regexp.MustCompile(`/(IndexedDB|Service Worker|databases|Shared Storage|blob_storage)/`)

// webStorage are folders that a profile has in any case, empty.
var webStorage = regexp.MustCompile(`/(Local|Session) Storage/`)

// sortCached notes the address of a file of the browser's cache: a header of 24 bytes with the
// length of the key, and the key, whose last word is the address.
func (h *observer) sortCached(content []byte) {
	if len(content) < 24 {
		return
	}
	length := int(binary.LittleEndian.Uint32(content[12:]))
	if 24+length > len(content) {
		return
	}
	words := strings.Fields(string(content[24 : 24+length]))
	address := words[len(words)-1]
	for _, r := range h.records {
		if strings.Contains(address, r.Address) {
			r.Caches = append(r.Caches, address)
		}
	}
}
