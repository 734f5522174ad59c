// @ts-check
// Buttons that copy what stands beside them.

for (const button of document.querySelectorAll("button[data-copy]")) {
    if (!(button instanceof HTMLButtonElement) || !navigator.clipboard) continue
    const word = button.textContent
    button.hidden = false
    button.addEventListener("click", async () => {
        const source = document.getElementById(button.dataset.copy ?? "")
        await navigator.clipboard.writeText(source?.textContent ?? "")
        button.textContent = button.dataset.copied ?? ""
        setTimeout(() => { button.textContent = word }, 2000)
    })
}
