// What the document's text does not show and other programs could read: fields, style sheets that
// scripts made, shadow trees, pictures, what is selected, marks of performance, and the globals.
() => {
    const text = (value) => typeof value === "string" || typeof value === "number" && !Number.isInteger(value) ? "" : String(value)
    const own = (name) => {
        try {
            const value = window[name]
            return typeof value === "string" ? `${name}=${value}` : typeof value === "object" || typeof value === "function" ? name : `${name}: ${typeof value}`
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
    return JSON.stringify({
        fields: Array.from(document.querySelectorAll("input, textarea, select"), (field) => [field.id, field.type === "file" ? field.files.length : field.value, field.checked ?? null]),
        adopted: document.adoptedStyleSheets.map(rules),
        sheets: Array.from(document.styleSheets, (sheet) => [sheet.href, number(rules(sheet))]),
        shadows: all.filter((element) => element.shadowRoot).map((element) => element.shadowRoot.innerHTML),
        canvases: Array.from(document.querySelectorAll("canvas"), (canvas) => canvas.toDataURL()),
        selection: String(getSelection()),
        marks: performance.getEntries().filter((entry) => ["mark", "measure"].includes(entry.entryType)).map((entry) => entry.name),
        state: [history.length, text(history.state), document.referrer, document.designMode, String(navigator.mediaSession?.metadata?.title), history.scrollRestoration, JSON.stringify(navigation.currentEntry?.getState() ?? null)],
        globals: Object.getOwnPropertyNames(window).sort().map(own),
    }, null, 1)
}
