// @ts-check
// The offline page as it is in the console.

import "./address.js"
import { desk } from "./desk_task.js"
import "./frame.js"

desk()
