package wire

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"
)

// Reply is the part that every answer has. The fields of answers carry the API's own names, so
// JSON and XML need no tags.
type Reply struct {
	RequestId string
}

func (r *Reply) stamp(id string) { r.RequestId = id }

// Answer is what an action returns when it succeeds: a struct that embeds Reply.
type Answer interface{ stamp(requestID string) }

// failure is an error body: the union of the service's form and the gateway's, so that every
// client finds the fields that it reads. All but HttpStatus must be strings: SDKs panic otherwise.
type failure struct {
	XMLName    xml.Name `json:"-" xml:"KMS"`
	HttpStatus int
	Code       string
	Message    string
	RequestId  string
	HostId     string
	Recommend  string
}

// Output writes one answer in the format that the request asks for.
type Output struct {
	W      http.ResponseWriter
	ID     string // of the request
	Host   string // that the request names
	Action string // names the root of an XML answer
	XML    bool
	Status int    // of the answer, once it is written
	Code   string // of the error, if it is one
}

// Succeed writes the answer of an action.
func (o *Output) Succeed(result Answer) error {
	result.stamp(o.ID)
	body, err := o.encode(result, o.Action+"Response")
	if err != nil {
		return ErrInternal
	}
	o.write(http.StatusOK, body)
	return nil
}

// Fail writes an error. One that is not an [*Error] is a fault of ours, and the client is told no
// more than InternalFailure.
func (o *Output) Fail(err error) {
	var api *Error
	if !errors.As(err, &api) {
		api = ErrInternal
	}
	o.Code = api.Code
	if api == ErrBadGateway {
		o.W.Header().Del("Access-Control-Allow-Origin") // the proxy's answer, which no page of another site can read
		o.send(api.Status, "text/html", []byte("<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"))
		return
	}
	body, err := o.encode(&failure{
		HttpStatus: api.Status,
		Code:       api.Code,
		Message:    api.Message,
		RequestId:  o.ID,
		HostId:     o.Host,
		Recommend:  "https://api.alibabacloud.com/troubleshoot?q=" + escape(api.Code) + "&product=Kms",
	}, "KMS")
	if err != nil {
		// A message that XML cannot carry; the code says enough.
		body, _ = o.encode(&failure{HttpStatus: api.Status, Code: api.Code, RequestId: o.ID}, "KMS")
	}
	o.write(api.Status, body)
}

func (o *Output) encode(value any, root string) ([]byte, error) {
	var b bytes.Buffer
	if !o.XML {
		encoder := json.NewEncoder(&b)
		encoder.SetEscapeHTML(false)
		err := encoder.Encode(value)
		return unescapeSeparators(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), err
	}
	b.WriteString(xml.Header)
	err := xml.NewEncoder(&b).EncodeElement(value, xml.StartElement{Name: xml.Name{Local: root}})
	return b.Bytes(), err
}

// unescapeSeparators writes U+2028 and U+2029 as they are. encoding/json escapes both even
// without EscapeHTML, and the vendor's Java reader does not know \u.
func unescapeSeparators(text []byte) []byte {
	if !bytes.Contains(text, []byte(`\u202`)) {
		return text
	}
	var b bytes.Buffer
	for i := 0; i < len(text); i++ {
		switch rest := text[i:]; {
		case bytes.HasPrefix(rest, []byte(`\u2028`)), bytes.HasPrefix(rest, []byte(`\u2029`)):
			b.WriteString("\u2028"[:2])
			b.WriteByte(0xa8 + rest[5] - '8')
			i += 5
		case rest[0] == '\\': // an escape of two characters, or the start of a longer one
			b.Write(rest[:2])
			i++
		default:
			b.WriteByte(rest[0])
		}
	}
	return b.Bytes()
}

// Nothing answers with headers alone.
func (o *Output) Nothing() {
	o.W.Header().Set("X-Acs-Request-Id", o.ID)
	o.Status = http.StatusOK
	o.W.WriteHeader(o.Status)
}

func (o *Output) write(status int, body []byte) {
	kind := "application/json;charset=utf-8"
	if o.XML {
		kind = "text/xml;charset=utf-8"
	}
	o.send(status, kind, body)
}

func (o *Output) send(status int, kind string, body []byte) {
	header := o.W.Header()
	header.Set("Content-Type", kind)
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Acs-Request-Id", o.ID)
	o.Status = status
	o.W.WriteHeader(status)
	o.W.Write(body)
}
