// @ts-check
// Who makes the calls for many keys. In the console many_console.js does; in the desk's file nobody,
// and no code that sends is in it.

/** @type {typeof import("./many_console.js").ways | null} */
export let calls = null

/** @param {typeof import("./many_console.js").ways} ways */
export function callBy(ways) {
    calls = ways
}
