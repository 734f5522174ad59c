package account

import (
	"fmt"
	"math"
	"regexp"
	"regexp/syntax"
	"testing"
)

// room is the most that anything may carry which nobody predicted: less than eight bytes.
const room = 64

// grammar is what may be in a place that cannot be predicted byte for byte.
type grammar struct {
	pattern *regexp.Regexp
	bits    float64 // how much its texts can tell apart
}

// newGrammar takes a regular expression without anything endless in it. Texts that fit in several
// ways are counted for each, so that the capacity is never too small.
func newGrammar(pattern string) grammar {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		panic(err) // they are written in this package
	}
	bits := capacity(tree)
	if math.IsInf(bits, 1) {
		panic(fmt.Sprintf("account: %s has no end", pattern))
	}
	return grammar{regexp.MustCompile(`^(?:` + pattern + `)$`), bits}
}

// capacity is the binary logarithm of the number of texts.
func capacity(tree *syntax.Regexp) float64 {
	switch tree.Op {
	case syntax.OpCharClass:
		count := 0.0
		for i := 0; i < len(tree.Rune); i += 2 {
			count += float64(tree.Rune[i+1]-tree.Rune[i]) + 1
		}
		return math.Log2(count)
	case syntax.OpConcat:
		sum := 0.0
		for _, part := range tree.Sub {
			sum += capacity(part)
		}
		return sum
	case syntax.OpAlternate:
		count := 0.0
		for _, way := range tree.Sub {
			count += math.Exp2(capacity(way))
		}
		return math.Log2(count)
	case syntax.OpQuest:
		return math.Log2(1 + math.Exp2(capacity(tree.Sub[0])))
	case syntax.OpRepeat:
		if tree.Max < 0 {
			return math.Inf(1)
		}
		count := 0.0
		for n := tree.Min; n <= tree.Max; n++ {
			count += math.Exp2(float64(n) * capacity(tree.Sub[0]))
		}
		return math.Log2(count)
	case syntax.OpCapture:
		return capacity(tree.Sub[0])
	case syntax.OpLiteral, syntax.OpEmptyMatch, syntax.OpBeginText, syntax.OpEndText:
		if tree.Flags&syntax.FoldCase != 0 {
			return math.Inf(1)
		}
		return 0
	}
	return math.Inf(1)
}

func TestCapacity(t *testing.T) {
	for pattern, want := range map[string]float64{
		`abc`: 0, `[0-9a-f]{2}`: 8, `a|b|c|d`: 2, `a?`: 1, `[01]{1,2}`: math.Log2(6), `(x)(y|z)`: 1, `\d`: math.Log2(10),
	} {
		if got := newGrammar(pattern).bits; math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: %v bits, want %v", pattern, got, want)
		}
	}
	for _, endless := range []string{`a*`, `a+`, `.{2,}`, `(?i)a`} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was taken", endless)
				}
			}()
			newGrammar(endless)
		}()
	}
}
