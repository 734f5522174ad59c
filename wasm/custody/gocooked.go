package custody

// The constants that math/rand mixes into its words: goCookedNear[i] into word 333-i
// and goCookedFar[i] into word 606-i, the two that make output i. They belong to the
// definition of the generator; there they are the words that another generator had
// reached after 7.8e12 steps. The test works them out again from the outputs of
// math/rand, by subtraction.

var goCookedNear = [32]uint64{
	0xbfb2f4d968b759c3, 0x3b7fc3ad0d1cd36b, 0xf11bfbb3ba3e0841, 0x031089e87fbab9a7,
	0x967e3cd0f12b1c5f, 0xbd640b6140802b1e, 0x32a31118a95e425f, 0x08137c3380f32523,
	0x9024ebcbf8b8e6af, 0xa4e5a10d28659104, 0xd7e75a07542451da, 0xc9a9cd708372db93,
	0x331786d5a126f97f, 0x2536b7a7602f6b4d, 0xc444cf11f9840608, 0x8b821c0b10054c75,
	0x7e61315458970ccb, 0x0e7f5452a8c91ee0, 0x3fddae4163e010e4, 0xcaeaccb927b0cb5c,
	0xd36a1f70d4f9a2ff, 0x43385b68e51dbffc, 0x5ee41cb40ca81e2c, 0x048311a7625eabd9,
	0x3c7c1de5b3cc1dca, 0xd3431110cdd7a998, 0x4f37aef6caf41c5d, 0x9cbbb4be9a92c216,
	0x552d69f0428dce6a, 0xf72709f96b28a3c7, 0xd556d17adcc5f6fb, 0x79edb9a2a6a387df,
}

var goCookedFar = [32]uint64{
	0x39a00a3a31c025c6, 0x7e57a19b735ef03b, 0x74535a96cc7adfd7, 0xe1de048dc78b382e,
	0xa8de655829aab207, 0xfbba1e4a59b0c60c, 0xe5b5e9385b202824, 0xf579e080162896e9,
	0x51d3a3c351be10ec, 0xa7f503a28f431ca9, 0xc45166d9f6935ff8, 0xc977d592999f2194,
	0x9516361749f6428a, 0x287fea4c9695f3f4, 0x395c6750aa42e65e, 0x980aab2fff6bc784,
	0x64fcbfa01dca3978, 0x640a711eb0e49b41, 0xa848cc5d9cb0e150, 0xfc997227a4f07f8f,
	0xaaf677bd80e30ac5, 0x8358c5bb1248ac23, 0x58143117e4e16555, 0x2c43fd0a9eaec04d,
	0x4bd671b124b5701a, 0x689a66ba46d1c3bd, 0x1266fbf77386b1db, 0xcc7c533a7fca95d8,
	0x7c91d10a8d75740e, 0x59e4a152525b1b29, 0x324fca6af2b5c1d1, 0x1f9eabdfdbe2b7bd,
}
