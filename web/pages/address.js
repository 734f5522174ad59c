// @ts-check
// The address of the page may name a CMK with ?KeyId=. The page is the same for everybody, so this
// fills the id in. Nothing else of an address is used.

import { all, input } from "./elements.js"
import { keyId } from "./key_reference.js"

const named = new URLSearchParams(location.search).get("KeyId") ?? ""

if (keyId.test(named)) {
    input(document, "#key-reference").value = named
    for (const link of all(document, "a[data-set-language]")) {
        if (link instanceof HTMLAnchorElement) link.search = new URLSearchParams({ KeyId: named }).toString()
    }
}
