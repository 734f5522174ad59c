package requests_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"keyferry/server/kms"
	"keyferry/server/localkms"
	"keyferry/server/person"
	"keyferry/server/requests"
	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// Fifty people at once import through a KMS that takes fewer calls than the operator has allowed.
// Nobody fails, and nobody waits for parameters, or for the import, longer than so many calls take.
func TestFiftyPeopleImportAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds; TestFiftyPeopleWaitTheirShare has the same in no time")
	}
	const people, perSecond = 50, 10
	seed := &localkms.Seed{}
	for i := range people {
		seed.Keys = append(seed.Keys, localkms.SeedKey{KeyID: fmt.Sprintf("key-hzzfair%05d", i), Origin: "EXTERNAL"})
	}
	w := newWorld(t, storetest.URL(t, store.SQLite), localkms.Config{Seed: seed, ReadsPerSecond: perSecond, WritesPerSecond: perSecond})
	client, err := kms.New(kms.Config{
		Region: region, Endpoint: w.server.endpoint, PlainHTTP: true, ReturnThrottled: true,
		AccessKeyID: localkms.DefaultAccessKeyID, AccessKeySecret: localkms.DefaultAccessKeySecret,
	})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	calls := map[string]int{}
	service := w.open(func(c *requests.Config) {
		c.KMS, c.ReadsPerSecond, c.WritesPerSecond, c.Lease = client, 2*perSecond, 2*perSecond, requests.DefaultLease
		c.Waited = func(action string, _ time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			calls[action]++
		}
	})
	w.service = service
	var views []requests.View
	for i := range people {
		made, err := service.Create(w.as(directory(fmt.Sprint("requester", i), "platform")), []requests.Terms{w.terms(seed.Keys[i].KeyID, "tests/fair")})
		if err != nil {
			t.Fatal(err)
		}
		views = append(views, made[0])
	}

	submissions := make([]requests.Submission, people)
	longest := atOnce(t, people, func(i int) error {
		p, err := service.Parameters(w.as(importer(i)), views[i].ID, algorithm)
		if err == nil {
			submissions[i] = wrap(t, p, material)
		}
		return err
	})
	const share = people * time.Second / perSecond
	check := func(what string, longest time.Duration) {
		t.Logf("%s: the last of %d people waited %v, their share is %v", what, people, longest, share)
		if longest > 2*share+3*time.Second { // for finding the rate, and for a busy computer
			t.Errorf("%s: somebody waited %v, more than the share of %v", what, longest, share)
		}
	}
	check("parameters", longest)
	longest = atOnce(t, people, func(i int) error {
		v, err := service.Submit(w.as(importer(i)), views[i].ID, submissions[i])
		if err == nil && v.State != requests.Imported {
			err = fmt.Errorf("the request is %s, %+v", v.State, v.Next)
		}
		return err
	})
	check("imports", longest)

	for _, pace := range service.Paces() {
		t.Logf("%+v, %d turns", pace, calls[pace.Action])
		if calls[pace.Action] <= people {
			t.Errorf("%s was never throttled, so this shows nothing", pace.Action)
		}
		if pace.PerSecond >= pace.Limit || pace.Waiting != 0 {
			t.Errorf("at the end: %+v", pace)
		}
	}
}

func importer(i int) person.Person { return directory(fmt.Sprint("importer", i), "payments") }

// atOnce has so many people do something at once, and returns how long the slowest took.
func atOnce(t *testing.T, people int, act func(i int) error) (longest time.Duration) {
	t.Helper()
	var mu sync.Mutex
	var everybody sync.WaitGroup
	began := time.Now()
	for i := range people {
		everybody.Go(func() {
			if err := act(i); err != nil {
				t.Errorf("person %d: %v", i, err)
			}
			mu.Lock()
			defer mu.Unlock()
			longest = max(longest, time.Since(began))
		})
	}
	everybody.Wait()
	return longest
}
