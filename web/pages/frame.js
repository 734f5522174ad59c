// @ts-check
// What every page of the console does besides its task.

import "./copy.js"
import "./menu.js"
