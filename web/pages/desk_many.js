// @ts-check
// The page for many keys as one file that sends nothing: first it shows itself in the person's
// language, then it runs like the console's page, with nobody to make calls.

import "./desk_language.js"
import "./many_task.js"
import "./copy.js"
import "./menu.js"
import "./network.js"
import "./panel.js"
