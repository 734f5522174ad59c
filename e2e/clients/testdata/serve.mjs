// Answers the test's questions, one JSON object a line, with the vendor's clients for Node.js. Each
// question names the client, or "crypto" for wrapping; what a client throws goes back as it was
// thrown.
import { createInterface } from "node:readline"

import { wrap } from "./wrap.mjs"
import { connect as kms20160120 } from "./kms20160120.mjs"
import { connect as openapiClient } from "./openapi-client.mjs"
import { connect as popCore } from "./pop-core.mjs"

const connectors = {
    "kms20160120": kms20160120,
    "openapi-client": openapiClient,
    "pop-core GET": (config) => popCore(config, "GET"),
    "pop-core POST": (config) => popCore(config, "POST"),
}

const connected = new Map()

/** Return the client that a question asks for; one client serves many calls. */
function clientFor(name, config) {
    const key = JSON.stringify([name, config])
    if (!connected.has(key)) {
        connected.set(key, connectors[name](config))
    }
    return connected.get(key)
}

async function answer(question) {
    if (question.client === "crypto") {
        return wrap(question.parameters)
    }
    return clientFor(question.client, question.config)(question.action, question.parameters)
}

for await (const line of createInterface({ input: process.stdin })) {
    let reply
    try {
        reply = { answer: await answer(JSON.parse(line)) }
    } catch (error) {
        reply = { error: { name: error.name, code: String(error.code), message: error.message, data: error.data } }
    }
    process.stdout.write(JSON.stringify(reply) + "\n")
}
process.exit(0) // the clients keep their connections open
