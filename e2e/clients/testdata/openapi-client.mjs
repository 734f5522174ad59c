// @alicloud/openapi-client: any action of any API, here with all parameters in the body, which it
// sends in chunks.
import openapi from "@alicloud/openapi-client"
import { createRequire } from "node:module"

// The options come from the very copy of tea-util that the client itself uses.
const { RuntimeOptions } = createRequire(import.meta.resolve("@alicloud/openapi-client"))("@alicloud/tea-util")

export function connect({ endpoint, accessKeyId, accessKeySecret }) {
    const client = new openapi.default(new openapi.Config({ endpoint, protocol: "http", accessKeyId, accessKeySecret }))
    return async (action, parameters) => {
        const params = new openapi.Params({
            action,
            version: "2016-01-20",
            protocol: "HTTP",
            pathname: "/",
            method: "POST",
            authType: "AK",
            style: "RPC",
            reqBodyType: "formData",
            bodyType: "json",
        })
        const request = new openapi.OpenApiRequest({ body: parameters })
        const response = await client.callApi(params, request, new RuntimeOptions({}))
        return response.body
    }
}
