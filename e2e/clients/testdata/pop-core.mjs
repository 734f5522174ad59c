// @alicloud/pop-core: any action of any API, by GET or with all parameters in the form of a POST.
import popCore from "@alicloud/pop-core"

export function connect({ endpoint, accessKeyId, accessKeySecret }, method) {
    const client = new popCore.RPCClient({
        endpoint: "http://" + endpoint,
        apiVersion: "2016-01-20",
        accessKeyId,
        accessKeySecret,
    })
    return (action, parameters) => client.request(action, parameters, { method })
}
