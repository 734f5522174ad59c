// @ts-check
// The person's choices: theme and language. This script is loaded before the page is painted, so
// that the page never shows in the other theme first. Each choice is kept in a cookie; the page
// itself is the same for everybody.

(() => {
    const root = document.documentElement
    const themes = ["light", "dark"]

    /**
     * @param {string} name
     * @param {string} value empty forgets the choice
     */
    function keep(name, value) {
        const age = value === "" ? 0 : 365 * 24 * 3600
        const secure = location.protocol === "https:" ? "; Secure" : ""
        document.cookie = `keyferry_${name}=${value}; Path=/; Max-Age=${age}; SameSite=Strict${secure}`
    }

    /** @param {string} theme */
    function setTheme(theme) {
        if (themes.includes(theme)) root.dataset.theme = theme
        else delete root.dataset.theme
    }

    setTheme(/(?:^|; )keyferry_theme=(\w+)/.exec(document.cookie)?.[1] ?? "")

    /** Mark the theme that is chosen. */
    function mark() {
        for (const button of themeButtons()) {
            button.setAttribute("aria-pressed", String(button.dataset.setTheme === (root.dataset.theme ?? "")))
        }
    }

    function themeButtons() {
        return /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-set-theme]"))
    }

    /** The language is kept once the page is left for it: the person may be asked and stay. */
    let language = ""

    addEventListener("DOMContentLoaded", () => {
        for (const button of themeButtons()) {
            button.addEventListener("click", () => {
                const { setTheme: theme = "" } = button.dataset
                setTheme(theme)
                keep("theme", theme)
                mark()
            })
        }
        for (const choices of document.querySelectorAll("[data-themes]")) choices.removeAttribute("hidden")
        mark()
    })

    addEventListener("click", ({ target }) => {
        const link = target instanceof Element ? target.closest("a") : null
        language = link?.dataset.setLanguage ?? ""
    }, true)
    addEventListener("pagehide", () => {
        if (language !== "") keep("language", language)
    })
})()
