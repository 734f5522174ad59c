package localkms

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"
)

// reply is the part that every answer has. The fields of answers carry the
// API's own names, so that JSON and XML need no tags.
type reply struct {
	RequestId string
}

func (r *reply) stamp(id string) { r.RequestId = id }

// answer is what an action returns when it succeeds.
type answer interface{ stamp(requestID string) }

// failure is an error body: the union of the service's form and the gateway's,
// so that every client finds the fields it reads. Code and the other texts
// must be strings: SDKs panic on anything else.
type failure struct {
	XMLName    xml.Name `json:"-" xml:"KMS"`
	HttpStatus int
	Code       string
	Message    string
	RequestId  string
	HostId     string
	Recommend  string
}

// output writes one answer in the format that the request asks for.
type output struct {
	w      http.ResponseWriter
	id     string
	host   string
	action string
	xml    bool
	status int
	code   string
}

func (o *output) succeed(result answer) error {
	result.stamp(o.id)
	body, err := o.encode(result, o.action+"Response")
	if err != nil {
		return errInternal
	}
	o.write(http.StatusOK, body)
	return nil
}

// fail writes an error; one that is no apiError is ours to be ashamed of and
// nobody else's to read.
func (o *output) fail(err error) {
	var api *apiError
	if !errors.As(err, &api) {
		api = errInternal
	}
	o.code = api.Code
	if api == errBadGateway {
		o.send(api.Status, "text/html", []byte("<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"))
		return
	}
	body, err := o.encode(&failure{
		HttpStatus: api.Status,
		Code:       api.Code,
		Message:    api.Message,
		RequestId:  o.id,
		HostId:     o.host,
		Recommend:  "https://api.alibabacloud.com/troubleshoot?q=" + escape(api.Code) + "&product=Kms",
	}, "KMS")
	if err != nil {
		// A message that XML cannot carry; the code says enough.
		body, _ = o.encode(&failure{HttpStatus: api.Status, Code: api.Code, RequestId: o.id}, "KMS")
	}
	o.write(api.Status, body)
}

func (o *output) encode(value any, root string) ([]byte, error) {
	if !o.xml {
		return json.Marshal(value)
	}
	var b bytes.Buffer
	b.WriteString(xml.Header)
	err := xml.NewEncoder(&b).EncodeElement(value, xml.StartElement{Name: xml.Name{Local: root}})
	return b.Bytes(), err
}

func (o *output) write(status int, body []byte) {
	kind := "application/json;charset=utf-8"
	if o.xml {
		kind = "text/xml;charset=utf-8"
	}
	o.send(status, kind, body)
}

func (o *output) send(status int, kind string, body []byte) {
	header := o.w.Header()
	header.Set("Content-Type", kind)
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Acs-Request-Id", o.id)
	o.status = status
	o.w.WriteHeader(status)
	o.w.Write(body)
}
