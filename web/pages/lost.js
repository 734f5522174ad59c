// @ts-check
// Pages that say what went wrong.

import "./frame.js"
import "./who.js"
