package sabotage

import (
	"testing"
	"time"

	"keyferry/components"
	"keyferry/e2e/program"
	"keyferry/e2e/proof/monitor"
	"keyferry/server/desk"
)

// byLinks imports with a connected desk that leaks on the way to the KMS. The KMS is one of its own,
// which tells whose requests are whose.
func (s sabotage) byLinks(t *testing.T, h *monitor.Run) *monitor.Journey {
	t.Helper()
	defer h.UseKMS(program.Binary)()
	var more []components.Reached
	if s.reaches {
		more = append(more, components.Reached{Region: "cn-shanghai", Origin: "http://" + h.Reader()})
	}
	file := readPatch(t, s.name).WriteConnectedDesk(t, desk.Network{Regions: []string{"cn-hangzhou"}, Endpoint: h.KMS()}, more...)
	return h.Travel(t, s.name, h.Console.Console, func(j *monitor.Journey) {
		j.ByLinks(file, "RSAES_OAEP_SHA_256")
		time.Sleep(leaking)
	})
}

// honestByLinks is the same with the product as it is.
func honestByLinks(j *monitor.Journey) {
	j.ByLinks(program.WriteConnectedDesk(j.T, j.Run.KMS()), "RSAES_OAEP_SHA_256")
	j.AcceptedByKMS(j.Key)
}
