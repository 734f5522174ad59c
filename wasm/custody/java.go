package custody

import (
	"encoding/binary"

	"keyferry/wasm/keywrap"
)

// The generator of java.util.Random, as its documentation specifies it: a state of
// 48 bits that goes from s to a*s + c mod 2^48. next(n) steps once and returns the
// top n bits.
const (
	javaA = 0x5DEECE66D
	javaC = 0xB
)

// fromJava finds keys of which java.util.Random made one half at least, whatever its seed and
// whatever was drawn before. The vendor's sample fills the key with nextBytes; the other usual
// ways are covered as well. Each is solved for the state, exactly and without a search. There are
// 2^48 states, so that half of a random key is among those of any one way with probability 2^-80.
func fromJava(m *keywrap.Material) keywrap.Code {
	var flipped keywrap.Material // nextInt(256) - 128, in place of nextInt(256)
	defer clear(flipped[:])
	for i, b := range m {
		flipped[i] = b ^ 0x80
	}
	if javaInts(m) || javaBytes(m, &javaHighBytes) || javaBytes(&flipped, &javaHighBytes) || javaBytes(m, &javaDoubles) {
		return CodeWeakJavaRandom
	}
	return ""
}

// javaInts finds keys of eight calls of nextInt: nextBytes, nextInt in either byte order, and
// nextLong in either, which is two calls of nextInt, high half first, added with the sign of the
// low one.
func javaInts(m *keywrap.Material) bool {
	var outputs [8]uint64
	defer clear(outputs[:])
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		for i := range outputs {
			outputs[i] = uint64(order.Uint32(m[4*i:]))
		}
		if javaWords.yieldsHalf(outputs[:]) {
			return true
		}
		for i := 0; i < len(outputs); i += 2 {
			long := order.Uint64(m[4*i:])
			outputs[i], outputs[i+1] = uint64(uint32(long>>32+long>>31&1)), long&(1<<32-1)
		}
		if javaWords.yieldsHalf(outputs[:]) {
			return true
		}
	}
	return false
}

// javaBytes finds keys of which each byte is an output.
func javaBytes(m *keywrap.Material, outputs *lcgOutputs) bool {
	var known [keywrap.MaterialSize]uint64
	defer clear(known[:])
	for i, b := range m {
		known[i] = uint64(b)
	}
	return outputs.yieldsHalf(known[:])
}

// javaWords are the outputs of nextInt.
var javaWords = lcgOutputs{javaA, javaC, 1, 48, 32, [][]int64{
	{7847617, 4824621},
	{-18218081, 24667315},
}}

// javaHighBytes are the outputs of nextInt(256), which takes the top of the state.
var javaHighBytes = lcgOutputs{javaA, javaC, 1, 48, 8, [][]int64{
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
var javaDoubles = lcgOutputs{javaA, javaC, 2, 48, 8, [][]int64{
	{-1383675709401, -350183977473, -937996438633, -48662901009, 79994451463, -1454995231009, -313319592073},
	{1490554976786, 972181095778, 288348195122, 244095777154, 622148086354, -1234919698526, -172149080718},
	{-1201681635463, 841975999137, -884923054583, 169400505265, 1132917128601, 234414570945, -1479112974807},
	{22932365923, 1305206978715, 1077494220179, -1856337410229, 265710136259, 846007128315, -563001490189},
	{-1270576095954, -1207455906850, -314380566002, 186678813630, 2302181414126, 241275396510, 92579444174},
	{766265064546, 937025820722, -1997952180094, 424880859474, -98641680734, -988463010702, 2137977515714},
	{-771852392479, 1682070709577, 1269291689201, 1008281227481, -760163998975, -1147256167063, 1385868915217},
}}
