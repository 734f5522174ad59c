// Package call makes calls of the KMS through the vendor's SDK, by their names.
package call

import (
	"encoding/json"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/kms"

	"keyferry/server/localkms"
)

// Client makes calls of a local KMS.
type Client struct {
	sdk      *kms.Client
	endpoint string
}

// New returns a client for the local KMS at an endpoint, such as 127.0.0.1:8788.
func New(endpoint string) (*Client, error) {
	made, err := kms.NewClientWithAccessKey(localkms.DefaultRegion, localkms.DefaultAccessKeyID, localkms.DefaultAccessKeySecret)
	return &Client{made, endpoint}, err
}

// Do makes a call and decodes the answer, unless answer is nil.
func (c *Client) Do(action string, parameters map[string]string, answer any) error {
	request := requests.NewCommonRequest()
	request.Method, request.Scheme, request.Domain = "POST", "http", c.endpoint
	request.Version, request.ApiName = "2016-01-20", action
	request.FormParams = parameters
	response, err := c.sdk.ProcessCommonRequest(request)
	if err != nil || answer == nil {
		return err
	}
	return json.Unmarshal(response.GetHttpContentBytes(), answer)
}
