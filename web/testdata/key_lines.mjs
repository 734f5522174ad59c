// Brings lines and CSV files with CMKs to the page that makes requests:
//
//   node key_lines.mjs <folder of the scripts>

import { expect, script } from "./page.mjs"

const { linesOfFile, linesOfText, parseCSV } = await script("key_lines.js")
const { parseKeyReference } = await script("key_reference.js")

const one = "key-hzz62f1cb66fa42qo1234"
const two = "12345678-1234-1234-1234-123456789abc"
const secret = "0f".repeat(32)
/** What the lines become: number, id, label and fault of each. */
const brief = (lines) => lines.map(({ number, keyId, label, fault }) => [number, keyId, label, fault].join("|"))
const keyIdOf = (written) => parseKeyReference(written, "cn-hangzhou").keyId

const same = (what, got, want) => expect(what, JSON.stringify(want), () => JSON.stringify(got))
const refused = (what, code, act) => expect(what, code, () => JSON.stringify(act()))

const text = (written) => brief(linesOfText(written, keyIdOf))
const file = (written) => brief(linesOfFile(written, keyIdOf))

same("ids alone", text(`${one}\n${two}`), [`1|${one}||`, `2|${two}||`])
same("labels", text(`${one}, payments/eu master\r\n\r\n  ${two}\tvaults`), [`1|${one}|payments/eu master|`, `3|${two}|vaults|`])
same("an ARN", text(`acs:kms:cn-hangzhou:1234567890123456:key/${one}`), [`1|${one}||`])
same("another region", text(`acs:kms:cn-shanghai:1:key/${one}`), ["1|||key_reference_region"])
same("what is no id is not shown", text(`${secret}, x`), ["1||x|key_reference_unreadable"])
same("a label alone", text(", lonely"), ["1||lonely|key_reference_empty"])
same("twice", text(`${one}\n${two}\n${one}`), [`1|${one}||`, `2|${two}||`, `3|${one}||key_twice`])
same("a long label", text(`${one},${"密".repeat(43)}`)[0].endsWith("|label_long"), true)
same("a label as long as it may be", text(`${one},${"x".repeat(128)}`)[0].endsWith("x|"), true)
refused("nothing", "keys_missing", () => text(" \n\n"))
refused("too many", "keys_too_many", () => text(`${one}\n`.repeat(1001)))

same("a file", file(`KeyId,Label\n${one},payments\n${two},"a, b"`), [`2|${one}|payments|`, `3|${two}|a, b|`])
same("as Excel writes it", file(`\ufeffLabel;Key ID\r\n"say ""so""";${one}\r\n`), [`2|${one}|say "so"|`])
same("without labels", file(`owner\tkey_id\nme\t${one}`), [`2|${one}||`])
same("a short line", file(`Label,KeyId\nlonely`), ["2||lonely|key_reference_empty"])
same("a line break in a field", parseCSV(`a,"b\nc"\nd,e`), [["a", "b\nc"], ["d", "e"]])
refused("no column", "csv_columns", () => file(`${one}\n${two}`))
refused("an open quotation", "csv_unreadable", () => file(`KeyId\n"${one}`))
refused("only a head", "keys_missing", () => file("KeyId,Label\n"))
