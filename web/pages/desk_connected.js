// @ts-check
// The offline page as one file that may reach the KMS: first it shows itself in the person's
// language, then it runs like every offline page, with two calls by links besides.

import "./desk_language.js"
import { byLink } from "./desk_link.js"
import { desk } from "./desk_task.js"
import "./copy.js"
import "./menu.js"

desk(byLink())
