package store

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkWrite measures durable changes, by one writer and by 64 at once.
func BenchmarkWrite(b *testing.B) {
	for _, writers := range []int{1, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			s := openFile(b, filepath.Join(b.TempDir(), "state"))
			defer s.Close()
			var n atomic.Int64
			b.SetParallelism(writers)
			if writers == 1 {
				for b.Loop() {
					mustPut(b, s, "one", specimen(int(n.Add(1))%1000))
				}
				return
			}
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					mustPut(b, s, "one", specimen(int(n.Add(1))%1000))
				}
			})
		})
	}
}

// BenchmarkOpen measures the start with 100,000 CMKs.
func BenchmarkOpen(b *testing.B) {
	file := filepath.Join(b.TempDir(), "state")
	s, err := Open(file, silent, func(s *Store) error {
		return s.Write("one", time.Now(), func(tx *Tx) error {
			for n := range 100_000 {
				k := specimen(n)
				k.Seq = uint64(n + 1)
				tx.change.keys = append(tx.change.keys, k)
			}
			return nil
		})
	})
	if err != nil {
		b.Fatal(err)
	}
	closeFile(b, s)
	for b.Loop() {
		closeFile(b, openFile(b, file))
	}
}
