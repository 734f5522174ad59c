//go:build !js

package main

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// The parts of a WebAssembly module that matter here, with the values of the WebAssembly Core
// Specification 2.0, sections 5.5 and 5.4.
const (
	moduleHead  = "\x00asm\x01\x00\x00\x00"
	dataSection = 11
	activeData  = 0x00 // a segment of memory 0, at an address
	i32Const    = 0x41
	end         = 0x0b
)

// longestGap is how many zeros joinSegments writes between two segments rather than keep them apart.
const longestGap = 4096

// segment is bytes that memory has at an address when the module starts.
type segment struct {
	address uint64
	content []byte
}

// joinSegments returns a module with the same memory in fewer segments. Go's linker starts a new
// segment behind every eight zeros, which makes some 77,000 of them in a module. Their addresses,
// each another number, are what compresses worst, and a browser reads them all before the module
// starts. Memory is zero at first, so that zeros between two segments change nothing.
func joinSegments(module []byte) ([]byte, error) {
	rest, found := bytes.CutPrefix(module, []byte(moduleHead))
	if !found {
		return nil, errors.New("not a WebAssembly module of version 1")
	}
	joined := []byte(moduleHead)
	for len(rest) > 0 {
		id, content, behind, err := nextSection(rest)
		if err != nil {
			return nil, err
		}
		if id == dataSection {
			segments, err := readSegments(content)
			if err != nil {
				return nil, err
			}
			if segments, err = join(segments); err != nil {
				return nil, err
			}
			content = writeSegments(segments)
		}
		joined = append(joined, id)
		joined = append(binary.AppendUvarint(joined, uint64(len(content))), content...)
		rest = behind
	}
	return joined, nil
}

// nextSection splits a module's first section off: its id and content, and what follows.
func nextSection(module []byte) (id byte, content, rest []byte, err error) {
	size, n := binary.Uvarint(module[1:])
	if n <= 0 || size > uint64(len(module)-1-n) {
		return 0, nil, nil, errors.New("a section of the module is cut short")
	}
	content = module[1+n:]
	return module[0], content[:size], content[size:], nil
}

// readSegments reads a data section in which all segments are active ones of memory 0, as Go's
// linker writes them. It refuses any other.
func readSegments(section []byte) ([]segment, error) {
	count, n := binary.Uvarint(section)
	if n <= 0 {
		return nil, errors.New("the data section has no count of segments")
	}
	rest := section[n:]
	var segments []segment
	for i := range count {
		head, found := bytes.CutPrefix(rest, []byte{activeData, i32Const})
		if !found {
			return nil, fmt.Errorf("data segment %d is not of a kind that Go's linker writes", i)
		}
		// Addresses are signed numbers, but below 2^31 they read as unsigned ones do.
		address, n := binary.Uvarint(head)
		if n <= 0 || address >= 1<<31 || n == len(head) || head[n] != end {
			return nil, fmt.Errorf("data segment %d has an address that Go's linker does not write", i)
		}
		head = head[n+1:]
		size, n := binary.Uvarint(head)
		if n <= 0 || size > uint64(len(head)-n) {
			return nil, fmt.Errorf("data segment %d is cut short", i)
		}
		segments = append(segments, segment{address, head[n:][:size]})
		rest = head[n:][size:]
	}
	if len(rest) > 0 {
		return nil, errors.New("the data section has bytes behind its segments")
	}
	return segments, nil
}

// join sorts segments by their addresses and makes one of those with few zeros between them. Two
// that overlap are an error, because then their order counts.
func join(segments []segment) ([]segment, error) {
	sorted := slices.SortedFunc(slices.Values(segments), func(a, b segment) int { return cmp.Compare(a.address, b.address) })
	var joined []segment
	for _, s := range sorted {
		if len(joined) > 0 {
			last := &joined[len(joined)-1]
			free := last.address + uint64(len(last.content))
			if s.address < free {
				return nil, fmt.Errorf("two data segments have address %#x", s.address)
			}
			if gap := s.address - free; gap <= longestGap {
				last.content = append(append(last.content, make([]byte, gap)...), s.content...)
				continue
			}
		}
		joined = append(joined, segment{s.address, bytes.Clone(s.content)})
	}
	return joined, nil
}

// writeSegments writes a data section.
func writeSegments(segments []segment) []byte {
	section := binary.AppendUvarint(nil, uint64(len(segments)))
	for _, s := range segments {
		section = append(section, activeData, i32Const)
		section = appendSigned(section, s.address)
		section = append(section, end)
		section = append(binary.AppendUvarint(section, uint64(len(s.content))), s.content...)
	}
	return section
}

// appendSigned appends a number as a signed one of variable length (LEB128), which has a zero where
// a negative number has its sign.
func appendSigned(b []byte, n uint64) []byte {
	const sign = 0x40
	b = binary.AppendUvarint(b, n)
	if last := len(b) - 1; b[last]&sign != 0 {
		b[last] |= 0x80
		b = append(b, 0)
	}
	return b
}
