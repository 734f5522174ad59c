package custody

import (
	"time"

	"keyferry/wasm/keywrap"
)

// Examine looks for what makes key material unfit that was brought, and returns the code of the
// first thing that it finds, or none. Finding nothing does not prove that the key is good: only
// whoever made it can know that.
//
// A code names what is wrong and no more. In particular it never holds the seed of a generator,
// since the seed is as good as the key.
//
// progress, if there is one, is called now and then with the work that is done and the whole of
// it, in units that take about the same time.
func Examine(m *keywrap.Material, progress func(done, total uint64)) keywrap.Code {
	return examineAt(m, time.Now(), progress)
}

// examineAt is Examine for a given time, from which seeds that are times are looked for.
func examineAt(m *keywrap.Material, now time.Time, progress func(done, total uint64)) keywrap.Code {
	if code := quickly(m); code != "" {
		return code
	}
	searches := searchesAt(now)
	done, total := uint64(0), uint64(0)
	for _, s := range searches {
		total += s.pieces
	}
	for _, s := range searches {
		for piece := range s.pieces {
			if code := s.search(m, piece); code != "" {
				return code
			}
			done++
			if progress != nil && (done%64 == 0 || done == total) {
				progress(done, total)
			}
		}
	}
	return ""
}

// search goes through many seeds or states in pieces that take about the same time.
type search struct {
	pieces uint64
	search func(m *keywrap.Material, piece uint64) keywrap.Code
}

// whole is a search in one piece.
func whole(check func(m *keywrap.Material) keywrap.Code) search {
	return search{1, func(m *keywrap.Material, _ uint64) keywrap.Code { return check(m) }}
}

// searchesAt returns all searches. now is when the examination takes place.
func searchesAt(now time.Time) []search {
	searches := []search{whole(fromLCG), hashSearch(now), affineSearch(), {goPieces(), searchGo}}
	searches = append(searches, seedSearches(now)...)
	for i := range linearGenerators {
		searches = append(searches, linearGenerators[i].searches())
	}
	return searches
}

// quickly is everything but the searches. The order is that of how much a finding explains.
func quickly(m *keywrap.Material) keywrap.Code {
	for _, check := range []func(*keywrap.Material) keywrap.Code{
		repeated, known, counting, textual, encodedText, padded, alternate, mirrored, zeroEnds, fewValues, unbalanced,
		decimal, sevenBits, parity, fromJava,
	} {
		if code := check(m); code != "" {
			return code
		}
	}
	return ""
}
