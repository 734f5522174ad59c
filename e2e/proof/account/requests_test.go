package account

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// sent is one request as it stood on the wire.
type sent struct {
	head []byte // request line and headers, without the empty line
	body []byte
}

var contentLength = regexp.MustCompile(`(?mi)^content-length: (\d{1,6})\r?$`)

// split takes the requests of one direction of a connection apart. What is left over at the end is
// one more, so that nothing gets lost.
func split(content []byte) []sent {
	var all []sent
	for len(content) > 0 {
		head, rest, whole := bytes.Cut(content, []byte("\r\n\r\n"))
		size := 0
		if found := contentLength.FindSubmatch(head); found != nil {
			size, _ = strconv.Atoi(string(found[1]))
		}
		if !whole || size > len(rest) {
			return append(all, sent{head: content})
		}
		all = append(all, sent{head, rest[:size]})
		content = rest[size:]
	}
	return all
}

// line is the method and the path.
func (s sent) line() string {
	line, _, _ := strings.Cut(string(s.head), "\r\n")
	return strings.TrimSuffix(line, " HTTP/1.1")
}

// plainHead is the headers with the console's address and the length of the body left out, which
// are known.
func (s sent) plainHead(address string) string {
	_, headers, _ := strings.Cut(string(s.head), "\r\n")
	headers = strings.ReplaceAll(headers, address, "ADDRESS")
	return strings.Replace(headers, fmt.Sprintf("Content-Length: %d\r\n", len(s.body)), "Content-Length: N\r\n", 1)
}

var fetched = regexp.MustCompile(`(?m)^(Sec-Fetch-(?:Dest|Mode)|Origin|Upgrade-Insecure-Requests): (\S+)\r?$`)

// kind says what sort of request it is: two of one kind have the same headers.
func (s sent) kind(address string) string {
	method, _, _ := strings.Cut(s.line(), " ")
	kind := method
	for _, header := range fetched.FindAllStringSubmatch(s.plainHead(address), -1) {
		kind += " " + header[1] + "=" + header[2]
	}
	return kind
}

// sortPlaces looks at what else the monitor kept: packets that are none of TCP, and files of the
// browser's.
func (h *harness) sortPlaces() {
	for _, place := range h.Places {
		var what string
		switch {
		case place.Monitor == "wire" && strings.HasPrefix(place.Name, "packet ") && !neighbourly(place.Content()) && !ownLookup(place.Content()):
			what = fmt.Sprintf("%s is none of TCP: %.80q", place.Name, place.Content())
		case place.Monitor == "profile" && strings.Contains(place.Name, "/Cache_Data/") && strings.HasSuffix(place.Name, "_0"):
			h.sortCached(place.Content())
			continue
		case place.Monitor == "profile" && kept.MatchString(place.Name):
			what = "the profile has the file " + place.Name
		case place.Monitor == "profile" && strings.Contains(place.Name, "/Local Storage/") && bytes.Contains(place.Content(), []byte("http://127.0.0.1")):
			what = "the profile has a local storage of the console's"
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

// kept are folders of a profile in which a page could keep something.
var kept = regexp.MustCompile(`/(IndexedDB|Service Worker|databases|Shared Storage|blob_storage)/`)

// sortCached notes the address of a file of the browser's cache: a header of 24 bytes with the
// length of the key, and the key, whose last word is the address.
func (h *harness) sortCached(content []byte) {
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
