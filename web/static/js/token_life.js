// @ts-check
// How long an import token still lives, in words.

import { phrase } from "./words.js"

/** @param {number} expires in milliseconds by this computer's clock */
export function lifeLeft(expires) {
    const seconds = Math.floor((expires - Date.now()) / 1000)
    if (seconds <= 0) return phrase("token-expired")
    const hours = Math.floor(seconds / 3600)
    const minutes = Math.floor(seconds / 60) % 60
    if (seconds > 3600) return phrase("valid-for", { hours, minutes })
    return phrase("valid-minutes", { minutes, seconds: seconds % 60 })
}
