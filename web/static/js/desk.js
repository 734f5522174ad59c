// @ts-check
// The offline page as it is in the console.

import { desk } from "./desk_task.js"

desk()
