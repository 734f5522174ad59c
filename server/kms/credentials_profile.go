package kms

import (
	"cmp"
	"os"
	"strings"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"

	"keyferry/server/address"
	"keyferry/server/textfile"
)

// profile is a set of credentials in a file, in the form that the aliyun command line writes.
type profile struct {
	Name            string `json:"name"`
	Mode            string `json:"mode"`
	AccessKeyID     string `json:"access_key_id"`
	AccessKeySecret string `json:"access_key_secret"`
	SecurityToken   string `json:"sts_token"`
	ExpiresUnix     int64  `json:"sts_expiration"` // of the three before; 0 means not said
	RoleName        string `json:"ram_role_name"`
	RoleARN         string `json:"ram_role_arn"`
	SessionName     string `json:"ram_session_name"`
	ExternalID      string `json:"external_id"`
	Policy          string `json:"policy"`
	Seconds         int    `json:"expired_seconds"` // of a role's session
	STSRegion       string `json:"sts_region"`
	EnableVPC       bool   `json:"enable_vpc"`
	SourceProfile   string `json:"source_profile"`
	ProcessCommand  string `json:"process_command"`
	CredentialsURI  string `json:"credentials_uri"`
	OIDCTokenFile   string `json:"oidc_token_file"`
	OIDCProviderARN string `json:"oidc_provider_arn"`
}

// provider returns what gives the profile's credentials. source opens the profile that
// SourceProfile names. An error is about who, the profile in words.
func (p profile) provider(who string, source func() (credentials.CredentialsProvider, error)) (credentials.CredentialsProvider, error) {
	made, err := p.mode(source)
	if why, ok := err.(unusable); ok && !strings.HasPrefix(string(why), "there, ") { // else it is a source's
		return nil, unusable("there, but " + who + " " + string(why))
	}
	return made, err
}

func (p profile) mode(source func() (credentials.CredentialsProvider, error)) (credentials.CredentialsProvider, error) {
	switch strings.ToLower(p.Mode) {
	case "ak":
		return p.static(false)
	case "ststoken":
		keys, err := p.static(true)
		if err != nil || p.ExpiresUnix == 0 {
			return keys, err
		}
		return p.lasting(keys, "has temporary keys that have expired: get new ones, and run aliyun configure")
	case "ramrolearn":
		previous, err := p.static(p.SecurityToken != "")
		return p.assume(previous, err)
	case "ramrolearnwithrolename":
		previous, err := p.instance()
		return p.assume(previous, err)
	case "chainableramrolearn":
		if p.SourceProfile == "" {
			return nil, unusable("lacks source_profile")
		}
		previous, err := source()
		return p.assume(previous, err)
	case "ecsramrole":
		return p.instance()
	case "oidc":
		return p.oidc()
	case "external":
		if strings.TrimSpace(p.ProcessCommand) == "" {
			return nil, unusable("lacks process_command")
		}
		return &processCredentials{command: p.ProcessCommand}, nil
	case "credentialsuri":
		uri := cmp.Or(p.CredentialsURI, os.Getenv(variableURI))
		if uri == "" {
			return nil, unusable("lacks credentials_uri")
		}
		return explained{&uriCredentials{uri: uri}, "what credentials_uri names gave none"}, nil
	case "cloudsso", "oauth":
		return p.signedIn()
	case "":
		return nil, unusable("has no mode: run aliyun configure")
	default:
		return nil, unusable("has a mode that is not supported here: use AK, StsToken, RamRoleArn, EcsRamRole, OIDC, " +
			"ChainableRamRoleArn, External, CredentialsURI, CloudSSO or OAuth")
	}
}

// static returns the AccessKey in the profile, with its token when it is a temporary one.
func (p profile) static(temporary bool) (credentials.CredentialsProvider, error) {
	lacks := firstEmpty(field{"access_key_id", p.AccessKeyID}, field{"access_key_secret", p.AccessKeySecret})
	if lacks == "" && temporary {
		lacks = firstEmpty(field{"sts_token", p.SecurityToken})
	}
	switch {
	case lacks != "":
		return nil, unusable("lacks " + lacks)
	case temporary:
		return credentials.NewStaticSTSCredentialsProvider(p.AccessKeyID, p.AccessKeySecret, p.SecurityToken), nil
	default:
		return credentials.NewStaticAKCredentialsProvider(p.AccessKeyID, p.AccessKeySecret), nil
	}
}

// instance returns the role of the ECS instance.
func (p profile) instance() (credentials.CredentialsProvider, error) {
	made, err := metadata(p.RoleName)
	if err != nil {
		return nil, unusable("needs ECS metadata, " + err.Error())
	}
	return made, nil
}

// signedIn returns the temporary keys that the aliyun command line left in the profile after a
// person had signed in. Only the command line can get new ones.
func (p profile) signedIn() (credentials.CredentialsProvider, error) {
	const renew = ": run any aliyun command with this profile, such as aliyun sts GetCallerIdentity, which gets new ones, " +
		"or aliyun configure to sign in again"
	keys, err := p.static(true)
	if err != nil || p.ExpiresUnix == 0 {
		return nil, unusable("has the mode CloudSSO or OAuth and no temporary keys" + renew)
	}
	return p.lasting(keys, "has the mode CloudSSO or OAuth, and its temporary keys have expired"+renew)
}

// lasting returns keys until they expire, or over once they have.
func (p profile) lasting(keys credentials.CredentialsProvider, over unusable) (credentials.CredentialsProvider, error) {
	l := lasting{keys, time.Unix(p.ExpiresUnix, 0), over}
	if time.Now().After(l.until) {
		return nil, over
	}
	return l, nil
}

// lasting gives a provider's credentials until a time.
type lasting struct {
	credentials.CredentialsProvider
	until time.Time
	over  unusable
}

// GetCredentials returns the credentials, or an unusable error once they have expired.
func (l lasting) GetCredentials() (*credentials.Credentials, error) {
	if time.Now().After(l.until) {
		return nil, l.over
	}
	return l.CredentialsProvider.GetCredentials()
}

// assume returns the credentials of the profile's role, which STS gives to who has the previous
// ones.
func (p profile) assume(previous credentials.CredentialsProvider, err error) (credentials.CredentialsProvider, error) {
	if err != nil {
		return nil, err
	}
	if cmp.Or(p.RoleARN, os.Getenv(variableRole)) == "" {
		return nil, unusable("lacks ram_role_arn")
	}
	if p.Seconds != 0 && p.Seconds < 900 {
		return nil, unusable("has an expired_seconds below 900")
	}
	if err := p.checkRegion(); err != nil {
		return nil, err
	}
	made, err := credentials.NewRAMRoleARNCredentialsProviderBuilder().WithCredentialsProvider(previous).
		WithRoleArn(p.RoleARN).WithRoleSessionName(p.SessionName).WithDurationSeconds(p.Seconds).WithPolicy(p.Policy).
		WithExternalId(p.ExternalID).WithStsRegion(p.STSRegion).WithEnableVpc(p.EnableVPC).Build()
	if err != nil {
		return nil, unusable("has settings of a role that the SDK refuses")
	}
	return made, nil
}

// oidc returns the credentials that STS gives for a token in a file. Settings that the profile
// lacks come from the environment.
func (p profile) oidc() (credentials.CredentialsProvider, error) {
	file := cmp.Or(p.OIDCTokenFile, os.Getenv(variableToken))
	lacks := firstEmpty(field{"oidc_token_file", file}, field{"oidc_provider_arn", cmp.Or(p.OIDCProviderARN, os.Getenv(variableOIDC))},
		field{"ram_role_arn", cmp.Or(p.RoleARN, os.Getenv(variableRole))})
	if lacks != "" {
		return nil, unusable("lacks " + lacks)
	}
	if p.Seconds != 0 && (p.Seconds < 900 || p.Seconds > 3600) {
		return nil, unusable("has an expired_seconds that is not from 900 to 3600")
	}
	if err := p.checkRegion(); err != nil {
		return nil, err
	}
	made, err := credentials.NewOIDCCredentialsProviderBuilder().WithOIDCTokenFilePath(file).WithOIDCProviderARN(p.OIDCProviderARN).
		WithRoleArn(p.RoleARN).WithRoleSessionName(p.SessionName).WithDurationSeconds(p.Seconds).WithPolicy(p.Policy).
		WithStsRegion(p.STSRegion).WithEnableVpc(p.EnableVPC).Build()
	if err != nil {
		return nil, unusable("has settings of OIDC that the SDK refuses")
	}
	return withToken{made, file}, nil
}

// checkRegion refuses what would send a signed request to another host than STS.
func (p profile) checkRegion() error {
	if p.STSRegion != "" && !address.Region(p.STSRegion) {
		return unusable("has an sts_region that is not a region, such as cn-hangzhou")
	}
	if region := os.Getenv(variableRegion); p.STSRegion == "" && region != "" && !address.Region(region) {
		return unusable("needs " + variableRegion + ", which is not a region, such as cn-hangzhou")
	}
	return nil
}

// withToken looks at the file of a token before the SDK does, which would wait for ever for a named
// pipe and read a device without end.
type withToken struct {
	credentials.CredentialsProvider
	file string
}

// GetCredentials returns the credentials, or an unusable error when the file holds no token.
func (w withToken) GetCredentials() (*credentials.Credentials, error) {
	token, err := textfile.ReadRegular(w.file, 64<<10)
	switch {
	case err != nil:
		return nil, unusable("the token file cannot be read: " + err.Error())
	case strings.TrimSpace(string(token)) == "":
		return nil, unusable("the token file is empty")
	}
	return w.CredentialsProvider.GetCredentials()
}

type field struct{ name, value string }

func firstEmpty(fields ...field) string {
	for _, f := range fields {
		if f.value == "" {
			return f.name
		}
	}
	return ""
}
