package browser

// MustKeepWhole fails if something that a person compares or types again is on two lines, though it
// would fit on one: a date, a time, the id of a key, or the name of a file.
func (v *Visit) MustKeepWhole(state string) {
	v.T.Helper()
	broken, err := v.Page.Evaluate(`() => {
		const pieces = /\d{4}-\d\d-\d\d|\d\d:\d\d(?::\d\d)?|key-[a-z0-9-]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[\w\-…]+\.(?:age|json|jsonl|txt|pem|bin|csv|ics|html)\b/g
		const found = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
		for (let text = texts.nextNode(); text; text = texts.nextNode()) {
			for (const piece of text.data.matchAll(pieces)) {
				const range = document.createRange()
				range.setStart(text, piece.index)
				range.setEnd(text, piece.index + piece[0].length)
				const parts = Array.from(range.getClientRects()).filter((part) => part.width > 0)
				if (new Set(parts.map((part) => Math.round(part.top))).size < 2) continue
				let around = text.parentElement
				while (/^inline/.test(getComputedStyle(around).display)) around = around.parentElement
				// What it is a part of may be longer than any line, such as an address.
				const before = /[!-~]*$/.exec(text.data.slice(0, piece.index))[0].length
				const after = /^[!-~]*/.exec(text.data.slice(piece.index + piece[0].length))[0].length
				range.setStart(text, piece.index - before)
				range.setEnd(text, piece.index + piece[0].length + after)
				const long = Array.from(range.getClientRects()).reduce((sum, part) => sum + part.width, 0)
				if (long < around.clientWidth) found.push(piece[0] + " in " + text.parentElement.outerHTML.slice(0, 160))
			}
		}
		return found.join("\n")
	}`)
	v.Do(err)
	if broken != "" {
		v.T.Errorf("%s: on two lines:\n%s", state, broken)
	}
}
