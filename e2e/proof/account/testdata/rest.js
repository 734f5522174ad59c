// What the document's text does not show and other programs could read: fields, style sheets that
// scripts made, shadow trees, pictures, what is selected, marks of performance, and the globals.
() => {
    const text = (value) => typeof value === "string" || typeof value === "number" && !Number.isInteger(value) ? "" : String(value)
    /** What Playwright puts into every page. */
    const ofTest = ["__playwright_builtins__", "__pwInitScripts"]
    const plain = [Object.prototype, Array.prototype, Map.prototype, Set.prototype, null]
    const own = (name, object = window) => {
        try {
            const value = object[name]
            if (typeof value === "string") return `${name}=${value}`
            if (value === null) return `${name} is null`
            if (typeof value !== "object" && typeof value !== "function") return `${name}: ${typeof value}`
            if (ofTest.includes(name)) return name
            return typeof value === "object" && plain.includes(Object.getPrototypeOf(value)) ? `${name}=${JSON.stringify(value)}` : name
        } catch {
            return name
        }
    }
    const rules = (sheet) => {
        try {
            return Array.from(sheet.cssRules, (rule) => rule.cssText).join("\n")
        } catch {
            return "unreadable"
        }
    }
    /** Two style sheets with the same number are the same. */
    const number = (text) => {
        let hash = 0
        for (let i = 0; i < text.length; i++) hash = (hash * 31 + text.charCodeAt(i)) % 2 ** 40
        return hash
    }
    const all = Array.from(document.querySelectorAll("*"))
    /** Into how many pieces the text of a page is split does not show. */
    const pieces = () => {
        const found = []
        const walk = document.createTreeWalker(document, NodeFilter.SHOW_TEXT)
        while (walk.nextNode()) {
            if (walk.currentNode.nextSibling instanceof Text || walk.currentNode.data === "") found.push(walk.currentNode.parentElement.localName)
        }
        return found
    }
    /** Properties that scripts gave to what is the browser's. */
    const given = (object) => Object.getOwnPropertyNames(object).map((name) => own(name, object))
    const media = navigator.mediaSession?.metadata
    return JSON.stringify({
        fields: Array.from(document.querySelectorAll("input, textarea, select"), (field) => [field.id, field.type === "file" ? field.files.length : field.value, field.checked ?? null]),
        adopted: document.adoptedStyleSheets.map(rules),
        sheets: Array.from(document.styleSheets, (sheet) => [sheet.href, number(rules(sheet))]),
        shadows: all.filter((element) => element.shadowRoot).map((element) => element.shadowRoot.innerHTML),
        canvases: Array.from(document.querySelectorAll("canvas"), (canvas) => canvas.toDataURL()),
        selection: String(getSelection()),
        marks: performance.getEntries().filter((entry) => ["mark", "measure"].includes(entry.entryType)).map((entry) => entry.name),
        state: [history.length, text(history.state), document.referrer, document.designMode, JSON.stringify(media ? [media.title, media.artist, media.album, media.artwork] : null), history.scrollRestoration, JSON.stringify(navigation.currentEntry?.getState() ?? null)],
        pieces: pieces(),
        highlights: Array.from(CSS.highlights?.keys() ?? []),
        properties: [document, navigator, history, screen, performance, ...all].map(given).flat(),
        frames: window.length,
        globals: Object.getOwnPropertyNames(window).sort().map((name) => own(name)),
    }, null, 1)
}
