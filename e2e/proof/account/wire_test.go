package account

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// sent is one request as it was on the wire.
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

var fetched = regexp.MustCompile(`(?m)^(Sec-Fetch-(?:Dest|Mode)|Origin|Upgrade-Insecure-Requests|Keyferry-Request): (\S+)\r?$`)

// kind says what sort of request it is: two of one kind have the same headers.
func (s sent) kind(address string) string {
	method, _, _ := strings.Cut(s.line(), " ")
	kind := method
	for _, header := range fetched.FindAllStringSubmatch(s.plainHead(address), -1) {
		kind += " " + header[1] + "=" + header[2]
	}
	return kind
}
