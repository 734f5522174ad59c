package monitor

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// talk is a connection on which ten packets of one letter each are sent, as a capture has it.
func talk(t *testing.T) (packets [][]byte) {
	t.Helper()
	add := func(back bool, tcp layers.TCP, payload string) {
		ip := layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: []byte{127, 0, 0, 1}, DstIP: []byte{127, 0, 0, 1}}
		tcp.SrcPort, tcp.DstPort = 4000, 80
		if back {
			tcp.SrcPort, tcp.DstPort = 80, 4000
		}
		buffer := gopacket.NewSerializeBuffer()
		tcp.SetNetworkLayerForChecksum(&ip)
		err := gopacket.SerializeLayers(buffer, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true},
			&layers.Ethernet{EthernetType: layers.EthernetTypeIPv4, SrcMAC: make([]byte, 6), DstMAC: make([]byte, 6)}, &ip, &tcp, gopacket.Payload(payload))
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, buffer.Bytes())
	}
	add(false, layers.TCP{SYN: true, Seq: 0xfffffffe}, "")
	add(true, layers.TCP{SYN: true, ACK: true, Seq: 500, Ack: 0xffffffff}, "")
	for i := range uint32(10) {
		add(false, layers.TCP{ACK: true, Seq: 0xffffffff + i, Ack: 501}, string(rune('a'+i)))
		add(true, layers.TCP{ACK: true, Seq: 501, Ack: 0xffffffff + i + 1}, "")
	}
	return packets
}

func read(t *testing.T, packets [][]byte) ([]stream, error) {
	t.Helper()
	var file bytes.Buffer
	w := pcapgo.NewWriter(&file)
	if err := w.WriteFileHeader(65536, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	for _, packet := range packets {
		info := gopacket.CaptureInfo{Timestamp: time.Unix(0, 0), CaptureLength: len(packet), Length: len(packet)}
		if err := w.WritePacket(info, packet); err != nil {
			t.Fatal(err)
		}
	}
	streams, _, err := readCapture(&file)
	return streams, err
}

// A capture is refused whichever packet with content is missing from it, the first and the last
// ones too.
func TestCaptureMissesNothing(t *testing.T) {
	whole := talk(t)
	streams, err := read(t, whole)
	if err != nil || string(streams[0].Content) != "abcdefghij" {
		t.Fatalf("%v, %v", streams, err)
	}
	for i, packet := range whole {
		payload := gopacket.NewPacket(packet, layers.LayerTypeEthernet, gopacket.Default).ApplicationLayer()
		if i > 0 && payload == nil {
			continue // an answer without content
		}
		if _, err := read(t, append(append([][]byte{}, whole[:i]...), whole[i+1:]...)); err == nil {
			t.Errorf("without packet %d the capture was taken for whole", i)
		} else if !strings.Contains(err.Error(), "missing") {
			t.Errorf("without packet %d: %v", i, err)
		}
	}
}
