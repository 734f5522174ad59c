// @ts-check
// Buttons that copy a command or a digest.

/**
 * Let a button copy a text, and say for two seconds that it did.
 * @param {HTMLElement} button
 * @param {string} copied what it says then
 * @param {() => string} text
 */
function offerCopy(button, copied, text) {
    const word = button.textContent
    button.hidden = false
    button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(text())
        button.textContent = copied
        setTimeout(() => { button.textContent = word }, 2000)
    })
}

/** A button behind each digest copies its digits without the blanks. */
function offerDigests() {
    const { copy = "", copied = "" } = document.querySelector("main")?.dataset ?? {}
    for (const digest of document.querySelectorAll("code.digest")) {
        const button = Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: copy })
        digest.after(button)
        offerCopy(button, copied, () => (digest.textContent ?? "").replace(/\s/g, ""))
    }
}

if (navigator.clipboard) {
    for (const button of document.querySelectorAll("button[data-copy]")) {
        if (!(button instanceof HTMLElement)) continue
        const { copy = "", copied = "" } = button.dataset
        offerCopy(button, copied, () => document.getElementById(copy)?.textContent ?? "")
    }
    offerDigests()
}

export {}
