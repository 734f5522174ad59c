// @ts-check
// The offline page as one file: first it shows itself in the person's language, then it runs like
// the console's page.

import "./desk_language.js"
import "./desk.js"
import "./copy.js"
import "./menu.js"
