// @alicloud/kms20160120: a method and a request class for each action, with names in lower camel
// case.
import kms from "@alicloud/kms20160120"

const lower = (name) => name[0].toLowerCase() + name.slice(1)

export function connect({ endpoint, accessKeyId, accessKeySecret }) {
    const client = new kms.default({ endpoint, protocol: "http", accessKeyId, accessKeySecret, regionId: "cn-hangzhou" })
    return async (action, parameters) => {
        const fields = Object.entries(parameters).map(([name, value]) => [lower(name), value])
        const request = new kms[action + "Request"](Object.fromEntries(fields))
        const response = await client[lower(action)](request)
        return response.toMap()
    }
}
