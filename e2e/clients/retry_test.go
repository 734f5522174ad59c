package clients

import (
	"testing"

	"github.com/alibabacloud-go/tea/dara"

	"keyferry/server/localkms"
)

// A client that tries again by itself signs again, with a new nonce, so the
// second request is no replay.

func TestAlibabaCloudSDKGoTriesAgain(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := newAlibabaCloudSDKGo(t, s, localkms.DefaultAccessKeySecret)
	c.GetConfig().WithAutoRetry(true).WithMaxRetryTime(1)
	succeedsAfter(t, s, c, localkms.Fault{Kind: localkms.FaultError, Status: 503})
	succeedsAfter(t, s, c, localkms.Fault{Kind: localkms.FaultCutBefore})
}

func TestKMS20160120TriesAgain(t *testing.T) {
	for _, signature := range []string{"", "v2"} {
		t.Run("signature "+signature, func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			c := newKMS20160120(t, s, localkms.DefaultAccessKeySecret, signature)
			c.RetryOptions = &dara.RetryOptions{Retryable: true, RetryCondition: []*dara.RetryCondition{{
				MaxAttempts: 2,
				ErrorCode:   []string{"Rejected.Throttling", "Throttling.User"},
				// Without a policy it waits 100 s: it counts milliseconds and sleeps seconds.
				Backoff: &dara.FixedBackoffPolicy{Period: 0},
			}}}
			succeedsAfter(t, s, c, localkms.Fault{Kind: localkms.FaultThrottle})
			succeedsAfter(t, s, c, localkms.Fault{Kind: localkms.FaultError, Status: 400, Code: "Throttling.User"})
		})
	}
}

// succeedsAfter describes a CMK while something goes wrong once.
func succeedsAfter(t *testing.T, s *server, c client, fault localkms.Fault) {
	t.Helper()
	fault.Action, fault.Times = "DescribeKey", 1
	if err := s.Inject(fault); err != nil {
		t.Fatal(err)
	}
	id := localkms.DefaultSeed().Keys[0].KeyID
	got, err := c.describeKey(id)
	if err != nil {
		t.Fatalf("after one %s: %v", fault.Kind, err)
	}
	if got.KeyId != id {
		t.Errorf("KeyId = %s, want %s", got.KeyId, id)
	}
	if left := s.Faults(); len(left) != 0 {
		t.Errorf("the fault did not strike: %v", left)
	}
}
