// @ts-check
// The page for many keys in the console: who makes the calls is said first, then the page begins.

import "./frame.js"
import "./many_console.js"
import "./many_task.js"
import "./panel.js"
