package custody

import "keyferry/wasm/keywrap"

// Finding is what the quality gate holds against a key. The zero value means that
// nothing was found, which does not prove that the key is good: only whoever made
// it can know that.
//
// A finding names what is wrong and no more. In particular it never holds the seed
// of a generator, since the seed is as good as the key.
type Finding struct {
	Code    keywrap.Code
	Message string
}

// Found reports whether there is something to hold against the key.
func (f Finding) Found() bool { return f.Code != "" }

// Examine looks at key material that was brought, and returns the first thing that
// makes it unfit. It calls progress, if there is one, now and then with the work
// that is done and the whole of it; if progress returns false, it gives up with
// [CodeExamineCancelled]. For an examination in pieces see [Examination].
//
// Of random keys, the checks for text refuse one in 2^44, exactly those that happen
// to be 32 printable characters; all the others together refuse fewer than one in
// 2^60. The argument stands with each check.
func Examine(m *keywrap.Material, progress func(done, total uint64) bool) (Finding, error) {
	e := NewExamination(m)
	for e.Step(64) {
		if progress != nil && !progress(e.Done(), e.Total()) {
			return Finding{}, refuse(CodeExamineCancelled, "The examination was stopped before its end, so that nothing is known about this key.")
		}
	}
	if progress != nil {
		progress(e.Total(), e.Total())
	}
	return e.Finding(), nil
}

// Examination is an examination in pieces, for a caller who has to come up for air
// between them. It keeps a pointer to the material, which must stay as it is until
// the examination is over, and no copy of it.
//
// The unit of work is an arbitrary piece of the search for generators; all pieces
// take about the same time, so that the time that is left follows from the time
// that has passed.
type Examination struct {
	material *keywrap.Material
	done     uint64
	finding  Finding
	over     bool
}

// NewExamination begins an examination. It does no work yet.
func NewExamination(m *keywrap.Material) *Examination {
	return &Examination{material: m}
}

// Total returns how many units of work there are.
func (e *Examination) Total() uint64 { return 1 + goPieces() }

// Done returns how many units of work are behind.
func (e *Examination) Done() uint64 { return e.done }

// Finding returns what was found. It means nothing before Step returned false.
func (e *Examination) Finding() Finding { return e.finding }

// Step does up to so many units of work, and reports whether there are more.
func (e *Examination) Step(units uint64) (more bool) {
	for ; units > 0 && !e.over; units-- {
		if e.done == 0 {
			e.finding = quickly(e.material)
		} else {
			e.finding = searchGo(e.material, e.done-1)
		}
		e.done++
		e.over = e.finding.Found() || e.done == e.Total()
	}
	return !e.over
}

// quickly is everything but the search through the seeds of math/rand. The order
// is that of how much a finding explains.
func quickly(m *keywrap.Material) Finding {
	for _, check := range []func(*keywrap.Material) Finding{
		known, repeated, counting, textual, padded, fewValues, unbalanced, fromJava,
	} {
		if finding := check(m); finding.Found() {
			return finding
		}
	}
	return Finding{}
}
