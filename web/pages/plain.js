// @ts-check
// Pages that show words alone.

import "./frame.js"
