// @ts-check
// The offline file contains its page once in each language. This shows the one that the address
// names after its #, or else the one that the browser prefers. A choice is kept in the address: a
// file on a disk has nowhere else to keep it.

const versions = Array.from(document.querySelectorAll("template[data-language]")).filter((one) => one instanceof HTMLTemplateElement)

const [named = "", theme = ""] = decodeURIComponent(location.hash.slice(1)).split(",")

/** @param {string} wanted such as zh-CN; a language that is close counts */
function find(wanted) {
    const base = wanted.toLowerCase().split("-")[0]
    return versions.find((version) => version.dataset.language === wanted)
        ?? versions.find((version) => version.dataset.language?.toLowerCase().split("-")[0] === base)
}

const chosen = [named, ...navigator.languages].filter((wanted) => wanted !== "").map(find).find((found) => found) ?? versions[0]
const root = document.documentElement
root.lang = chosen.dataset.language ?? ""
root.dataset.theme = ["light", "dark"].includes(theme) ? theme : ""
document.title = chosen.dataset.title ?? ""
document.body.prepend(document.importNode(chosen.content, true))

for (const choices of document.querySelectorAll("[data-themes]")) choices.removeAttribute("hidden")
for (const button of document.querySelectorAll("[data-set-theme], [data-set-language]")) {
    if (!(button instanceof HTMLElement)) continue
    button.addEventListener("click", () => {
        const { setTheme, setLanguage } = button.dataset
        if (setTheme !== undefined) root.dataset.theme = setTheme
        history.replaceState(null, "", `#${setLanguage ?? root.lang},${root.dataset.theme ?? ""}`)
        show()
        if (setLanguage !== undefined && setLanguage !== root.lang) location.reload()
    })
}

/** Show which language and theme are the chosen ones. */
function show() {
    for (const button of document.querySelectorAll("[data-set-theme], [data-set-language]")) {
        if (!(button instanceof HTMLElement)) continue
        const { setTheme, setLanguage } = button.dataset
        button.setAttribute("aria-pressed", String(setTheme === undefined ? setLanguage === root.lang : setTheme === (root.dataset.theme ?? "")))
    }
}

show()

export {}
