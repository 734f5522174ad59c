// @ts-check
// Whether this computer is online, as far as the browser knows: the pages that need no network say it.

import { all } from "./elements.js"

function showNetwork() {
    for (const sentence of all(document, "[data-network]")) {
        sentence.hidden = (sentence.dataset.network === "online") !== navigator.onLine
    }
}

addEventListener("online", showNetwork)
addEventListener("offline", showNetwork)
showNetwork()

export {}
