// @ts-check
// The desk as one file: first the page in the person's language, then what the console's desk runs too.

import "./desk_language.js"
import "./desk.js"
import "./copy.js"
