package ledger

import (
	"fmt"
	"maps"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"
)

// tree is a Merkle tree of which only its right edge is known: the hashes of the complete subtrees
// that make it up, of which there are at most 63. That is enough to let it grow.
type tree struct {
	size int64
	edge map[int64]tlog.Hash // by index, as tlog numbers the hashes
}

// newTree returns a tree of a size with the bytes of its edge, largest subtree first.
func newTree(size int64, edge []byte) (*tree, bool) {
	places := torchwood.RightEdge(size)
	if len(edge) != len(places)*tlog.HashSize {
		return nil, false
	}
	t := &tree{size, map[int64]tlog.Hash{}}
	for i, place := range places {
		t.edge[place] = tlog.Hash(edge[i*tlog.HashSize:])
	}
	return t, true
}

func (t *tree) clone() *tree { return &tree{t.size, maps.Clone(t.edge)} }

// bytes returns the hashes of the edge, largest subtree first.
func (t *tree) bytes() []byte {
	edge := []byte{}
	for _, place := range torchwood.RightEdge(t.size) {
		hash := t.edge[place]
		edge = append(edge, hash[:]...)
	}
	return edge
}

// root returns the hash of the tree.
func (t *tree) root() (tlog.Hash, error) { return tlog.TreeHash(t.size, lookup(t.edge)) }

// add adds the hash of an entry. It returns the hashes of the subtrees that are complete now, from
// level 0 upwards; the first has the index tlog.StoredHashIndex(0, size).
func (t *tree) add(entry tlog.Hash) ([]tlog.Hash, error) {
	hashes, err := tlog.StoredHashesForRecordHash(t.size, entry, lookup(t.edge))
	if err != nil {
		return nil, err
	}
	for level := range len(hashes) - 1 { // the two halves of each new subtree are no longer at the edge
		delete(t.edge, tlog.StoredHashIndex(level, t.size>>level-1))
	}
	top := len(hashes) - 1
	t.edge[tlog.StoredHashIndex(top, t.size>>top)] = hashes[top]
	t.size++
	return hashes, nil
}

// lookup reads hashes from a map.
func lookup(hashes map[int64]tlog.Hash) tlog.HashReaderFunc {
	return func(places []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(places))
		for i, place := range places {
			h, ok := hashes[place]
			if !ok {
				return nil, fmt.Errorf("there is no hash %d", place)
			}
			found[i] = h
		}
		return found, nil
	}
}
