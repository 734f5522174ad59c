package console

import (
	"net/http"
	"regexp"
	"slices"

	"github.com/labstack/echo/v4"

	"keyferry/server/body"
	"keyferry/server/importfile"
	"keyferry/server/kms"
	"keyferry/server/requests"
)

// The desk by link: the console signs a call and the desk makes it. A link is an answer to whoever
// may have the call made, and is in no log.

// shownLink is a signed link as the pages get it.
type shownLink struct {
	Link, GoodUntil, Region, Host string

	QR *shownQR `json:",omitempty"` // nil if the link is too long for one
}

func showLink(link *kms.Link) shownLink {
	return shownLink{link.URL(), stamp(link.GoodUntil), link.Region, link.Host, qrOf(link.URL())}
}

// parametersLink signs GetParametersForImport for an import of one's own.
func (c *console) parametersLink(e echo.Context) error {
	var keyID, algorithm string
	if err := readObject(e, fields{"KeyId": &keyID, "WrappingAlgorithm": &algorithm}); err != nil {
		return err
	}
	if !kms.KeyIDs.MatchString(keyID) {
		return errKeyID
	}
	if !slices.Contains(kms.WrappingAlgorithms, algorithm) {
		return errAlgorithm
	}
	link, err := c.kms.signParameters(c.context(e), keyID, kms.WrappingSpec{Algorithm: algorithm, KeySpec: wrappingKeySpec})
	if err != nil {
		return err
	}
	return e.JSON(http.StatusOK, showLink(link))
}

// importFile imports what the desk handed back.
func (c *console) importFile(e echo.Context) error {
	file, in, err := c.readOwnFile(e)
	if err != nil {
		return err
	}
	id, err := c.kms.importWrapped(c.context(e), file.KeyID, in)
	if err != nil {
		return err
	}
	return e.JSON(http.StatusOK, struct{ RequestId string }{id})
}

// importLink signs ImportKeyMaterial for what the desk handed back.
func (c *console) importLink(e echo.Context) error {
	file, in, err := c.readOwnFile(e)
	if err != nil {
		return err
	}
	link, err := c.kms.signImport(c.context(e), file.KeyID, in)
	if err != nil {
		return err
	}
	return e.JSON(http.StatusOK, showLink(link))
}

// readOwnFile reads an import file for an import of one's own, which is into the console's region.
func (c *console) readOwnFile(e echo.Context) (*importfile.File, requests.Submission, error) {
	file, in, err := c.readFile(e)
	if err == nil && file.Region != c.Region {
		err = errFileRegion
	}
	return file, in, err
}

// readFile reads an import file, which is the whole body, and refuses whatever cannot be an import.
func (c *console) readFile(e echo.Context) (*importfile.File, requests.Submission, error) {
	var none requests.Submission
	text, err := body.Bytes(e.Response(), e.Request(), importfile.MaxSize)
	if err != nil {
		return nil, none, refusalOf(err)
	}
	file, err := importfile.Parse(text)
	if err != nil {
		return nil, none, errImportFile
	}
	in := submissionOf(file)
	return file, in, checkFile(file, &in)
}

func submissionOf(file *importfile.File) requests.Submission {
	return requests.Submission{
		Algorithm: file.Algorithm, WrappingKeySHA256: file.WrappingKeySHA256, EncryptedKeyMaterial: file.EncryptedKeyMaterial,
		ImportToken: file.ImportToken, TokenExpires: file.TokenExpires, ExpireUnix: file.ExpireUnix, KCV: file.KCV, Commitment: file.Commitment,
	}
}

func checkFile(file *importfile.File, in *requests.Submission) error {
	switch {
	case !kms.KeyIDs.MatchString(file.KeyID):
		return errKeyID
	case !slices.Contains(kms.WrappingAlgorithms, file.Algorithm):
		return errAlgorithm
	case !ciphertextShaped(in.EncryptedKeyMaterial):
		return errNotCiphertext
	case !tokenShaped(in.ImportToken):
		return errImportToken
	case in.ExpireUnix != 0:
		return checkExpiry(in.ExpireUnix)
	}
	return nil
}

// requestParametersLink signs GetParametersForImport for the importer of a request.
func (c *console) requestParametersLink(e echo.Context) error {
	id, err := aboutRequest(e)
	if err != nil {
		return err
	}
	var algorithm string
	if err := readObject(e, fields{"WrappingAlgorithm": &algorithm}); err != nil {
		return err
	}
	if !slices.Contains(kms.WrappingAlgorithms, algorithm) {
		return errAlgorithm
	}
	link, err := c.Team.Requests.ParametersLink(c.context(e), id, algorithm)
	if err != nil {
		return err
	}
	return e.JSON(http.StatusOK, showLink(link))
}

// submitFile submits what the desk handed back to a request: for the console to send, or for the
// importer by a link.
func (c *console) submitFile(byLink bool) echo.HandlerFunc {
	return func(e echo.Context) error {
		id, err := aboutRequest(e)
		if err != nil {
			return err
		}
		file, in, err := c.readFile(e)
		if err != nil {
			return err
		}
		view, err := c.Team.Requests.Get(c.context(e), id)
		if err != nil {
			return err
		}
		if view.Region != file.Region {
			return errFileRegion
		}
		if view.KeyID != file.KeyID {
			return errFileKey
		}
		in.ByLink = byLink
		if view, err = c.Team.Requests.Submit(c.context(e), id, in); err != nil {
			return err
		}
		return e.JSON(http.StatusOK, c.showRequest(e, view))
	}
}

// requestImportLink signs ImportKeyMaterial for what was submitted to a request.
func (c *console) requestImportLink(e echo.Context) error {
	id, err := aboutRequest(e)
	if err != nil {
		return err
	}
	if err := readObject(e, fields{}); err != nil {
		return err
	}
	link, err := c.Team.Requests.ImportLink(c.context(e), id)
	if err != nil {
		return err
	}
	return e.JSON(http.StatusOK, showLink(link))
}

// What the KMS's codes and request ids look like. What an importer reports goes into the ledger.
var (
	kmsCodes      = regexp.MustCompile(`^[A-Za-z]+(\.[A-Za-z]+)*$`)
	kmsRequestIDs = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
)

// report takes what the importer says that the KMS answered to a link.
func (c *console) report(e echo.Context) error {
	id, err := aboutRequest(e)
	if err != nil {
		return err
	}
	var said requests.Report
	err = readObject(e, fields{"State": &said.State, "Code": &said.Code, "RequestId": &said.RequestID})
	if err != nil {
		return err
	}
	switch {
	case !slices.Contains([]string{"accepted", "refused", "unanswered"}, said.State),
		said.Code != "" && (len(said.Code) > 64 || !kmsCodes.MatchString(said.Code)),
		said.RequestID != "" && !kmsRequestIDs.MatchString(said.RequestID):
		return errMalformed
	}
	view, err := c.Team.Requests.Report(c.context(e), id, said)
	if err != nil {
		return err
	}
	return e.JSON(http.StatusOK, c.showRequest(e, view))
}
