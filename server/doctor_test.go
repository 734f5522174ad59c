package main

import "testing"

func TestDoctorCommand(t *testing.T) {
	expect(t, 0, "RSAES_OAEP_SHA_256: taken, the token lives 24h0m0s", "doctor", "--kms=local", "--key-id=key-hzzkeyferrylocal00001")
	expect(t, 1, "There is no such CMK", "doctor", "--kms=local", "--key-id=key-hzznobody")
	expect(t, 2, "an alias cannot be used", "doctor", "--kms=local", "--key-id=alias/orders")
	expect(t, 2, "is not one, such as cn-hangzhou", "doctor", "--region=here/there")
}
