// @ts-check
// The panel that says what left the page. On a wide screen it is open beside the task; on a narrow
// one it is closed below it.

const wide = matchMedia("(min-width: 1100px)")

function fitPanel() {
    const panel = document.querySelector(`[data-part="sent"]`)
    if (panel instanceof HTMLDetailsElement) panel.open = wide.matches
}

wide.addEventListener("change", fitPanel)
fitPanel()

export {}
