// @ts-check
// The import file: what a desk hands back to a console, which imports it, submits it to a request,
// or signs a link for it. It holds nothing secret.

import { toUTF8 } from "./bytes.js"

const texts = ["Region", "KeyId", "WrappingAlgorithm", "WrappingKeySHA256", "EncryptedKeyMaterial", "ImportToken", "TokenExpireTime", "ParametersObtained"]

/**
 * Whether a value has what an import file has. The console checks it once more, and more strictly.
 * @param {any} file
 */
export const isImportFile = (file) => file?.Keyferry === "import" && file.Version === 1 &&
    Number.isInteger(file.KeyMaterialExpireUnix) && texts.every((name) => typeof file[name] === "string")

/**
 * What is ready to be imported.
 * @typedef {object} Ready
 * @property {string} keyId
 * @property {string} region
 * @property {import("./desk_parameters.js").DeskParameters} parameters
 * @property {string} wrapped base64, one line
 * @property {number} expireUnix
 * @property {import("./prepare.js").Made | null} made null where another tool wrapped
 */

/**
 * @param {Ready} ready
 * @returns {{text: string, bytes: Uint8Array<ArrayBuffer>, name: string}}
 */
export function importFile(ready) {
    const text = `${JSON.stringify(importFields({ ...ready, said: ready.made?.prepared }), null, 2)}\n`
    return { text, bytes: toUTF8(text), name: `keyferry-${ready.keyId}-import.json` }
}

/**
 * What an import file says, in its order.
 * @param {{
 *   keyId: string, region: string, wrapped: string, expireUnix: number, said?: {kcv: string, commitment: string},
 *   parameters: {algorithm: string, fingerprint: string, token: string, tokenExpireTime: string, obtained: string},
 * }} ready
 */
export const importFields = ({ keyId, region, parameters, wrapped, expireUnix, said }) => ({
    Keyferry: "import",
    Version: 1,
    Region: region,
    KeyId: keyId,
    WrappingAlgorithm: parameters.algorithm,
    WrappingKeySHA256: parameters.fingerprint,
    EncryptedKeyMaterial: wrapped,
    ImportToken: parameters.token,
    TokenExpireTime: parameters.tokenExpireTime,
    KeyMaterialExpireUnix: expireUnix,
    ...said ? { KeyCheckValue: said.kcv, Commitment: said.commitment } : {},
    ParametersObtained: parameters.obtained,
})
