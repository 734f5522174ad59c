// @ts-check
// The menu closes like every other: by Escape, and by a press elsewhere.

const open = () => document.querySelector("details.menu[open]")

addEventListener("keydown", ({ key }) => {
    const menu = open()
    if (key !== "Escape" || !menu) return
    menu.removeAttribute("open")
    menu.querySelector("summary")?.focus()
})

addEventListener("pointerdown", ({ target }) => {
    const menu = open()
    if (menu && target instanceof Node && !menu.contains(target)) menu.removeAttribute("open")
})

export {}
