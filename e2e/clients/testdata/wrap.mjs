// Wraps key material with Node's own crypto, as users of the npm clients do.
import { constants, createPublicKey, publicEncrypt } from "node:crypto"

const paddings = {
    RSAES_OAEP_SHA_256: { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" },
    RSAES_OAEP_SHA_1: { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha1" },
    RSAES_PKCS1_V1_5: { padding: constants.RSA_PKCS1_PADDING },
}

/** Return the material, which comes in base64, wrapped under the public key that the API gave. */
export function wrap({ publicKey, algorithm, material }) {
    const key = createPublicKey({ key: Buffer.from(publicKey, "base64"), format: "der", type: "spki" })
    return publicEncrypt({ key, ...paddings[algorithm] }, Buffer.from(material, "base64")).toString("base64")
}
