package custody

import (
	"encoding/binary"
	"math"

	"keyferry/wasm/keywrap"
)

// The generator of java.util.Random, as its documentation specifies it: a state of
// 48 bits that goes from s to a*s + c mod 2^48. next(n) steps once and returns the
// top n bits.
const (
	javaA = 0x5DEECE66D
	javaC = 0xB
)

// fromJava finds keys that java.util.Random made, whatever its seed. The vendor's
// sample fills the key with nextBytes; the other usual ways are covered as well.
// Each is solved for the state, exactly and without a search. There are 2^48 states,
// so that a random key is among the keys of any one way with probability 2^-208.
func fromJava(m *keywrap.Material) Finding {
	var flipped keywrap.Material // nextInt(256) - 128, in place of nextInt(256)
	defer clear(flipped[:])
	for i, b := range m {
		flipped[i] = b ^ 0x80
	}
	if javaInts(m) || javaBytes(m, &javaLowBytes) ||
		javaBytes(m, &javaHighBytes) || javaBytes(&flipped, &javaHighBytes) || javaBytes(m, &javaDoubles) {
		return Finding{CodeWeakJavaRandom, "This key was made with java.util.Random, as in the vendor's Java sample. That generator has 48 bits of state, and anyone can compute the whole key from its first eight bytes. Make a key with a cryptographic generator."}
	}
	return Finding{}
}

// javaInts finds keys of eight calls of nextInt: nextBytes, nextInt in either byte
// order, and nextLong in either, which is two calls of nextInt, high half first,
// added with the sign of the low one.
func javaInts(m *keywrap.Material) bool {
	var outputs [8]uint64
	defer clear(outputs[:])
	little, big := binary.LittleEndian.Uint32, binary.BigEndian.Uint32
	for i := range outputs {
		outputs[i] = uint64(little(m[4*i:])) // nextBytes
	}
	if javaWords.yields(outputs[:]) {
		return true
	}
	for i := range outputs {
		outputs[i] = uint64(big(m[4*i:])) // nextInt into a ByteBuffer
	}
	if javaWords.yields(outputs[:]) {
		return true
	}
	for i := 0; i < len(outputs); i += 2 { // nextLong, highest byte first
		high, low := big(m[4*i:]), big(m[4*i+4:])
		outputs[i], outputs[i+1] = uint64(high+low>>31), uint64(low)
	}
	if javaWords.yields(outputs[:]) {
		return true
	}
	for i := 0; i < len(outputs); i += 2 { // nextLong, lowest byte first
		low, high := little(m[4*i:]), little(m[4*i+4:])
		outputs[i], outputs[i+1] = uint64(high+low>>31), uint64(low)
	}
	return javaWords.yields(outputs[:])
}

// javaBytes finds keys of which each byte is an output.
func javaBytes(m *keywrap.Material, outputs *javaOutputs) bool {
	var known [keywrap.MaterialSize]uint64
	defer clear(known[:])
	for i, b := range m {
		known[i] = uint64(b)
	}
	return outputs.yields(known[:])
}

// javaOutputs describes outputs that are the top bits of states, one after the
// other or every other one.
//
// Take off what the constant c contributes, and n states in a row are a vector of
// the lattice of all (x, A*x, A^2*x, …) mod 2^bits, where A is a for each step. The
// top bits confine it to a box. The basis given here is of short vectors (it was
// reduced by LLL), so that hardly any lattice vectors but the one can be in the box
// or near it; those few are all tried. The test proves that it is a basis, which is
// all that completeness relies on.
type javaOutputs struct {
	steps int  // from one output to the next
	bits  uint // of the state that matter: the low ones go their way without the others
	known uint // the top ones of them, which are the output
	basis [][]int64
}

// javaWords are the outputs of nextInt.
var javaWords = javaOutputs{1, 48, 32, [][]int64{
	{7847617, 4824621},
	{-18218081, 24667315},
}}

// javaLowBytes are the low bytes of nextInt, bits 16 to 23 of the state.
var javaLowBytes = javaOutputs{1, 24, 8, [][]int64{
	{-62928, -100752, 69040, -68624},
	{187310, -140010, 58974, 166406},
	{117345, 151885, 248777, 23189},
	{149486, 29782, -78690, -322746},
}}

// javaHighBytes are the outputs of nextInt(256), which takes the top of the state.
var javaHighBytes = javaOutputs{1, 48, 8, [][]int64{
	{1156128819594, -192084390974, 1491286822298, 264860411538, 1148509788202, 847515911650, -302189900486},
	{-1055645888680, 498728015992, 970843601688, -416073107144, -732978959144, 1469328631800, 755443651736},
	{448076013009, 1026108340221, 714948584633, -2093318580027, -597357245983, -820829414707, -422965635255},
	{1219088922466, 1932895985850, 870283545394, 845115076682, -99722884222, -1259751656870, -316523066286},
	{492123235984, -228288607408, -364808376048, -288375176240, 1101066567568, 1892833275984, 2086994309648},
	{-1128425804967, 2344671177445, -799853002367, -108602635795, 994482153449, 116459082805, 157500487825},
	{-225428837515, 228226719441, -1505831213827, 806349835705, -579683217979, 1074554526433, -1881562720307},
}}

// javaDoubles are those of (int) (Math.random() * 256): nextDouble makes two steps,
// and its leading bits are the top ones after the first.
var javaDoubles = javaOutputs{2, 48, 8, [][]int64{
	{-1383675709401, -350183977473, -937996438633, -48662901009, 79994451463, -1454995231009, -313319592073},
	{1490554976786, 972181095778, 288348195122, 244095777154, 622148086354, -1234919698526, -172149080718},
	{-1201681635463, 841975999137, -884923054583, 169400505265, 1132917128601, 234414570945, -1479112974807},
	{22932365923, 1305206978715, 1077494220179, -1856337410229, 265710136259, 846007128315, -563001490189},
	{-1270576095954, -1207455906850, -314380566002, 186678813630, 2302181414126, 241275396510, 92579444174},
	{766265064546, 937025820722, -1997952180094, 424880859474, -98641680734, -988463010702, 2137977515714},
	{-771852392479, 1682070709577, 1269291689201, 1008281227481, -760163998975, -1147256167063, 1385868915217},
}}

// step goes on to the state of the next output.
func (o *javaOutputs) step(s uint64) uint64 {
	for range o.steps {
		s = s*javaA + javaC
	}
	return s & (1<<o.bits - 1)
}

// maxJavaBasis is the largest basis.
const maxJavaBasis = 7

// yields reports whether some state has these outputs.
func (o *javaOutputs) yields(outputs []uint64) bool {
	n := len(o.basis)
	// The middle of the box: what is known of the states, less the contribution of c.
	var middle [maxJavaBasis]float64
	unknown := o.bits - o.known
	constant := uint64(0)
	for i := range n {
		middle[i] = float64((outputs[i]<<unknown + 1<<(unknown-1) - constant) & (1<<o.bits - 1))
		constant = o.step(constant)
	}
	// Coefficient i of a vector is its product with column i of the inverse of the
	// basis; over the box it varies by the sum of that column's absolute values. The
	// figures have 48 bits and the products 20, so that rounding stays far below the
	// thousandth that is allowed for it.
	inverse := o.inverse()
	var from, to [maxJavaBasis]int64
	for i := range n {
		centre, radius := 0.0, 0.001
		for j := range n {
			centre += middle[j] * inverse[j][i]
			radius += math.Abs(inverse[j][i]) * float64(uint64(1)<<(unknown-1))
		}
		from[i], to[i] = int64(math.Ceil(centre-radius)), int64(math.Floor(centre+radius))
		if from[i] > to[i] {
			return false // no vector is that near
		}
	}
	// All combinations, the last coefficient running fastest. The first coordinate
	// of the vector is the first state.
	coefficients := from
	for {
		s := int64(0)
		for i, vector := range o.basis {
			s += coefficients[i] * vector[0]
		}
		if o.check(uint64(s), outputs) {
			return true
		}
		i := n - 1
		for ; i >= 0 && coefficients[i] == to[i]; i-- {
			coefficients[i] = from[i]
		}
		if i < 0 {
			return false
		}
		coefficients[i]++
	}
}

// check reports whether the states from s on have the outputs.
func (o *javaOutputs) check(s uint64, outputs []uint64) bool {
	s &= 1<<o.bits - 1
	for _, output := range outputs {
		if s>>(o.bits-o.known) != output {
			return false
		}
		s = o.step(s)
	}
	return true
}

// inverse inverts the basis by Gauss and Jordan's elimination, with the largest
// number of a column as its pivot. A reduced basis is far from singular.
func (o *javaOutputs) inverse() (inverse [maxJavaBasis][maxJavaBasis]float64) {
	n := len(o.basis)
	var rows [maxJavaBasis][maxJavaBasis]float64
	for i := range n {
		inverse[i][i] = 1
		for j := range n {
			rows[i][j] = float64(o.basis[i][j])
		}
	}
	for column := range n {
		pivot := column
		for i := column; i < n; i++ {
			if math.Abs(rows[i][column]) > math.Abs(rows[pivot][column]) {
				pivot = i
			}
		}
		rows[column], rows[pivot] = rows[pivot], rows[column]
		inverse[column], inverse[pivot] = inverse[pivot], inverse[column]
		scale := 1 / rows[column][column]
		for j := range n {
			rows[column][j] *= scale
			inverse[column][j] *= scale
		}
		for i := range n {
			if factor := rows[i][column]; i != column {
				for j := range n {
					rows[i][j] -= factor * rows[column][j]
					inverse[i][j] -= factor * inverse[column][j]
				}
			}
		}
	}
	return inverse
}
