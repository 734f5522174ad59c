package custody

import (
	"math"
	"os"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	japanesetext "golang.org/x/text/encoding/japanese"
	koreantext "golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"

	"keyferry/wasm/keywrap"
)

// textCounts says how many sequences of so many bytes are one character of a class, or are cut
// off by the end, by asking the function of the encoding for each of them.
type textCounts struct {
	whole [5][textClasses]float64
	cut   [5]float64
}

func countText(e *textEncoding) *textCounts {
	counts := new(textCounts)
	var extend func(prefix []byte)
	extend = func(prefix []byte) {
		for c := range 256 {
			b := append(prefix, byte(c))
			switch size, class := e.next(b); {
			case class == textNone:
			case class == textCut:
				counts.cut[len(b)]++
				extend(b)
			case size != len(b):
				// The first byte alone is a character, so that prefix was no cut one.
				panic("a character was called cut off, and is whole")
			default:
				counts.whole[size][class]++
			}
		}
	}
	extend(make([]byte, 0, 4))
	return counts
}

// textProbability is an upper bound of the probability that 32 random bytes reach least, for
// every least: all ways to make text of a length are summed up, character by character, each
// with its sum.
func textProbability(e *textEncoding) (reached func(least int) float64) {
	const size, shift, sums = keywrap.MaterialSize, 1024, 4096
	counts := countText(e)
	const start, latin, other, states = 0, 1, 2, 3
	// ways[n][state][sum+shift] is the probability that n random bytes are characters with that
	// sum.
	var ways [size + 1][states][sums]float64
	ways[0][start][shift] = 1
	for n := range size {
		for state := range states {
			for sum, p := range ways[n][state] {
				if p == 0 {
					continue
				}
				for length := 1; length <= 4 && n+length <= size; length++ {
					for class, count := range counts.whole[length] {
						if count == 0 {
							continue
						}
						to, next := state, sum+e.scores.of(textClass(class))
						if textClass(class) != textSpace {
							to = other
							if textClass(class).latin() {
								to = latin
							}
							if state != start && to != state {
								next -= textSwitch
							}
						}
						ways[n+length][to][next] += p * count / math.Pow(256, float64(length))
					}
				}
			}
		}
	}
	return func(least int) float64 {
		total := 0.0
		for n := 0; n <= size; n++ {
			// The rest is zeros; before it the last character may be cut off.
			for cut := 0; cut <= 3 && n+cut <= size; cut++ {
				zeros := size - n - cut
				if zeros%e.unit != 0 {
					continue
				}
				p := math.Pow(256, -float64(zeros+cut))
				penalty := 0
				if cut > 0 {
					p *= counts.cut[cut]
					penalty = textSwitch
				}
				for state := range states {
					for sum, q := range ways[n][state] {
						if sum-shift+zeros*textZero+penalty+0 >= least {
							total += p * q
						}
					}
				}
			}
		}
		return total
	}
}

// TestTextFalsePositives computes the probability that random keys are taken for text.
func TestTextFalsePositives(t *testing.T) {
	if testing.Short() {
		t.Skip("asks each encoding for millions of sequences of bytes")
	}
	together := math.Exp2(-44.33) // of printable ASCII, see TestFalsePositives
	for i := range textEncodings {
		e := &textEncodings[i]
		p := textProbability(e)(e.least)
		together += p
		t.Logf("%s: 2^%.2f", e.weak, math.Log2(p))
		if p > math.Exp2(-44) || p == 0 {
			t.Errorf("%s: 2^%.2f of random keys are taken for text", e.weak, math.Log2(p))
		}
	}
	t.Logf("all together: 2^%.2f", math.Log2(together))
	if together > math.Exp2(-40) {
		t.Errorf("all encodings together: 2^%.2f", math.Log2(together))
	}
}

// TestHanBits compares the table with the encoders of another implementation.
func TestHanBits(t *testing.T) {
	want := make([]byte, len(hanBits))
	set := func(decoder *encoding.Decoder, from int, row, place byte) {
		decoded, err := decoder.Bytes([]byte{row, place})
		r, size := utf8.DecodeRune(decoded)
		if i := int(r) - hanFirst; err == nil && size == len(decoded) && i >= 0 && i < hanCount {
			want[(from+i)/8] |= 1 << (i % 8)
		}
	}
	for place := range 256 {
		for row := 0xb0; row <= 0xd7; row++ {
			if place >= 0xa1 && (row < 0xd7 || place <= 0xf9) {
				set(simplifiedchinese.GBK.NewDecoder(), 0, byte(row), byte(place))
			}
		}
		for row := 0xa4; row <= 0xc6; row++ {
			if row < 0xc6 || place <= 0x7e {
				set(traditionalchinese.Big5.NewDecoder(), hanCount, byte(row), byte(place))
			}
		}
	}
	if string(want) != hanBits {
		t.Error("han.bits is not the first levels of GB 2312 and Big5; want.bits has them")
		if err := os.WriteFile("want.bits", want, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// encoded cuts text, in an encoding, to 32 bytes, as head -c does, or fills it with zeros.
func encoded(t *testing.T, e encoding.Encoding, text string) *keywrap.Material {
	t.Helper()
	b, err := e.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	var m keywrap.Material
	copy(m[:], b)
	return &m
}

// TestEncodedText examines text as people write it, in the encodings that they use.
func TestEncodedText(t *testing.T) {
	utf16 := func(order unicode.Endianness, mark unicode.BOMPolicy) encoding.Encoding {
		return unicode.UTF16(order, mark)
	}
	little, big := utf16(unicode.LittleEndian, unicode.IgnoreBOM), utf16(unicode.BigEndian, unicode.IgnoreBOM)
	markedLittle, markedBig := utf16(unicode.LittleEndian, unicode.UseBOM), utf16(unicode.BigEndian, unicode.UseBOM)
	utf16s := []encoding.Encoding{little, big, markedLittle, markedBig}
	chinese := []string{
		"我的密码是一个很长的句子没有人能猜到它", "天地玄黄宇宙洪荒日月盈昃辰宿列张", "床前明月光，疑是地上霜。举头望明月",
		"密钥材料请勿外传，仅供生产环境使用。", "阿里云密钥管理服务的主密钥2024年备份", "北京市海淀区中关村软件园二期西区十号楼",
	}
	traditional := []string{"這是一個很長的密碼沒有人可以猜到它的", "床前明月光，疑是地上霜。舉頭望明月，", "臺北市信義區金鑰備份請妥善保管不得外流"}
	japanese := []string{"これはとても長いパスワードですから誰にも", "いろはにほへとちりぬるをわかよたれそ"}
	kanji := []string{"東京都千代田区の暗号鍵は秘密にしてください"}
	korean := []string{"이것은 매우 긴 비밀번호이고 아무도 모른다", "동해물과 백두산이 마르고 닳도록 하느님이"}
	german := []string{"Größenwahn und Übermut tun selten gut, sagt man.", "Schlüsselübergabe für Müller & Söhne", "Straße der Jugend 17, Köln, Schlüssel Nr. 4"}
	french := []string{"La clé est cachée à l'intérieur du café", "Où est passée l'élève préférée de Zoé ?"}
	russian := []string{"мой очень длинный пароль для ключа", "Пароль от сервера: Москва, улица Ленина"}
	for _, group := range []struct {
		want      keywrap.Code
		encodings []encoding.Encoding
		texts     [][]string
	}{
		{CodeWeakUTF16, utf16s, [][]string{
			{"correct horse battery staple", "P4ssw0rd!Passw0rt?", "sixteen letters!", "Tr0ub4dor&3xyzzy"},
			chinese, traditional, japanese, korean, german, french, russian,
		}},
		{CodeWeakUTF8, []encoding.Encoding{unicode.UTF8}, [][]string{chinese, traditional, japanese, korean, german, french, russian, {"пароль123пароль456", "😀😃😄😁😆😅🤣😂", "สวัสดีครับผมชื่อ", "Tiếng Việt là ngôn ngữ của người"}}},
		{CodeWeakGB18030, []encoding.Encoding{simplifiedchinese.GBK, simplifiedchinese.GB18030}, [][]string{chinese, {"我的密码是password123456请保密"}}},
		{CodeWeakBig5, []encoding.Encoding{traditionalchinese.Big5}, [][]string{traditional}},
		{CodeWeakShiftJIS, []encoding.Encoding{japanesetext.ShiftJIS}, [][]string{japanese, kanji}},
		{CodeWeakEUCJP, []encoding.Encoding{japanesetext.EUCJP}, [][]string{japanese, kanji}},
		{CodeWeakEUCKR, []encoding.Encoding{koreantext.EUCKR}, [][]string{korean}},
		{CodeWeakLatin1, []encoding.Encoding{charmap.Windows1252, charmap.ISO8859_1}, [][]string{german, french}},
		{CodeWeakCyrillic, []encoding.Encoding{charmap.Windows1251, charmap.KOI8R}, [][]string{russian}},
	} {
		for _, e := range group.encodings {
			for _, texts := range group.texts {
				for _, text := range texts {
					if got := quickly(encoded(t, e, text)); got != group.want {
						t.Errorf("%q in %v: %q, want %s", text, e, got, group.want)
					}
				}
			}
		}
	}
}
