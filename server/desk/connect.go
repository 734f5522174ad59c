package desk

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"keyferry/components"
	"keyferry/server/address"
)

// Regions are those whose KMS a connected desk can reach, as the vendor's list of endpoints has
// them. The names of the hosts follow from them, so that nobody can have the desk reach another.
var Regions = []string{
	"ap-northeast-1", "ap-southeast-1", "ap-southeast-3", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7",
	"cn-beijing", "cn-chengdu", "cn-guangzhou", "cn-hangzhou", "cn-hangzhou-finance", "cn-heyuan", "cn-hongkong",
	"cn-huhehaote", "cn-qingdao", "cn-shanghai", "cn-shanghai-finance-1", "cn-shenzhen", "cn-shenzhen-finance-1",
	"cn-wulanchabu", "cn-zhangjiakou", "eu-central-1", "eu-west-1", "me-east-1", "us-east-1", "us-west-1",
}

// Network is what a connected desk may reach.
type Network struct {
	Regions  []string // each one of Regions; at least one
	VPC      bool     // the KMS under its names inside a VPC, and not under the public ones
	Endpoint string   // stands in for the KMS of the one region: an origin on a loopback address; empty means none
}

// Reach returns the KMS of each region, or an error where one is not known.
func (n Network) Reach() ([]components.Reached, error) {
	if len(n.Regions) == 0 {
		return nil, errors.New("a desk that connects needs a region: name one with --region")
	}
	var reached []components.Reached
	for _, region := range n.Regions {
		switch {
		case !slices.Contains(Regions, region):
			return nil, fmt.Errorf("region %q is none of those with a KMS: %s", region, strings.Join(Regions, ", "))
		case slices.ContainsFunc(reached, func(r components.Reached) bool { return r.Region == region }):
			return nil, fmt.Errorf("region %s is named twice", region)
		case n.VPC && region == "cn-hangzhou-finance":
			return nil, fmt.Errorf("the KMS of %s has no name inside a VPC", region)
		}
		host := "kms." + region + ".aliyuncs.com"
		if n.VPC {
			host = "kms-vpc." + region + ".aliyuncs.com"
		}
		reached = append(reached, components.Reached{Region: region, Origin: "https://" + host})
	}
	if n.Endpoint == "" {
		return reached, nil
	}
	if err := checkEndpoint(n); err != nil {
		return nil, fmt.Errorf("endpoint %q %w", n.Endpoint, err)
	}
	reached[0].Origin = n.Endpoint
	return reached, nil
}

// checkEndpoint refuses whatever is not written exactly as a browser writes the origin of a server
// on this computer.
func checkEndpoint(n Network) error {
	if len(n.Regions) > 1 || n.VPC {
		return errors.New("stands in for the KMS of one region: name one, without --vpc")
	}
	parsed, err := url.Parse(n.Endpoint)
	if err != nil || parsed.Scheme != "https" && parsed.Scheme != "http" || n.Endpoint != parsed.Scheme+"://"+parsed.Host {
		return errors.New("is not an origin, such as http://127.0.0.1:8788")
	}
	// A policy can name no address of IPv6.
	if host := parsed.Hostname(); !address.Loopback(host) || host != strings.ToLower(host) || strings.Contains(host, ":") {
		return errors.New("is not on this computer: give localhost or an address such as 127.0.0.1")
	}
	return nil
}
