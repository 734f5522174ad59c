package text

// chineseCustodyFaults are the refusals of what a person brings: files, components, backups and
// receipts.
var chineseCustodyFaults = map[string]Fault{
	// A file as the source of key material.
	"source_empty":         {"文件为空。", "请选择包含 32 字节密钥的文件。"},
	"source_too_long":      {"文件过大，密钥材料只有 32 字节。", "请选择仅包含密钥的文件。"},
	"source_size":          {"文件不是 32 字节，也不是文本文件。", "请选择仅包含 32 字节密钥的文件。"},
	"source_size_16":       {"文件为 16 字节，是 AES-128 或 SM4 密钥的长度。", "请选择 AES-256 密钥：该主密钥需要 32 字节。"},
	"source_size_24":       {"文件为 24 字节，是 AES-192 或 3DES 密钥的长度。", "请选择 AES-256 密钥：该主密钥需要 32 字节。"},
	"source_size_64":       {"文件为 64 字节，但不是十六进制字符：可能是两个密钥，也可能是 HMAC 或 AES-XTS 密钥。", "请单独导出 32 字节的密钥。本页不会猜测其中哪一部分是密钥。"},
	"source_size_256":      {"文件为 256 字节，是密钥材料经 RSA 加密后的长度。", "请选择加密前的 32 字节文件。"},
	"source_extra_newline": {"文件在 32 字节之后多出一个换行符，可能由编辑器添加。", "请重新导出密钥，或仅保留文件的前 32 字节，例如使用 head -c 32。"},
	"source_hex_length":    {"内容为十六进制字符，但不是 32 字节对应的 64 个。", "请与原件核对字符数：可能有遗漏或多余，也可能密钥为其他长度。该主密钥需要 32 字节。"},
	"source_base64_length": {"如果内容是 Base64 编码，解码后不是 32 字节。", "请选择包含 32 字节 Base64 编码的文件。"},
	"source_base64_broken": {"内容看起来是 32 字节的 Base64 编码，但格式无效：有字符错误或缺失。", "请从来源处重新复制。"},
	"source_text":          {"文件是文本，但既不是 64 个十六进制字符，也不是 Base64 编码。", "请选择包含 32 字节随机数的文件。不能使用密码或语句代替。"},
	"source_utf16":         {"文件是 UTF-16 编码的文本，某些 Windows 程序会这样保存。", "请另存为 UTF-8，或把密钥导出为 32 字节。"},
	"source_private_key":   {"这是密钥对中的私钥。密钥材料是由 32 字节随机数构成的对称密钥。", "请选择包含密钥材料的文件，并妥善保管该私钥。"},
	"source_public_key":    {"这是公钥，例如用于加密密钥材料的公钥。密钥材料是被加密的对称密钥。", "请选择包含 32 字节密钥的文件。"},
	"source_certificate":   {"这是证书或证书请求，不包含密钥材料。", "请选择包含 32 字节密钥的文件。"},
	"source_pem":           {"此类 PEM 文件不包含密钥材料。", "请选择仅包含 32 字节密钥的文件，格式可以是原始数据、十六进制或 Base64 编码。"},
	"source_der":           {"这是 DER 文件：密钥对、公钥或证书。", "请选择包含 32 字节对称密钥的文件。"},
	"source_backup":        {"这是加密备份，不是密钥本身。", "请将密钥材料来源改为“加密备份”，再使用口令或 age 身份密钥打开。"},
	"source_age_key":       {"这是 age 身份密钥或公钥，用于打开或创建备份，不是密钥材料。", "请选择备份文件。如果这是备份的身份密钥，请在页面提示时输入。"},
	"source_receipt":       {"这是导入记录，可用于判断密钥是否正确，但不包含密钥。", "请选择备份或密钥本身。"},
	"source_json":          {"这是 JSON 文件。", "请从中提取密钥，将 32 字节、64 个十六进制字符或 Base64 编码单独保存为文件。"},
	"source_archive":       {"这是压缩文件。", "请先解压，再选择包含密钥的文件。"},
	"source_not_confirmed": {"文件类型与您确认的不一致。", "请重新选择，文件可能已被修改。"},

	// The components of a key.
	"component_not_hex":       {"密钥分量中包含非十六进制字符。", "请按打印内容输入：数字 0 至 9 和字母 A 至 F。"},
	"component_length":        {"密钥分量不是 64 个十六进制字符。", "请与打印内容核对：可能有遗漏或多余的字符。"},
	"component_zero":          {"该密钥分量全为零，对密钥不起作用。", "请按打印内容输入。如果打印的就是全零，请重新生成所有密钥分量。"},
	"component_repeated":      {"该密钥分量已输入过，重复输入会相互抵消。", "请输入其他密钥分量，每个只输入一次。"},
	"component_kcv_malformed": {"这不是随密钥分量打印的密钥校验值（KCV）。", "请输入密钥分量旁打印的 6 至 10 个十六进制字符。"},
	"component_kcv_mismatch":  {"密钥校验值（KCV）与该密钥分量不一致，其中有字符输入错误。", "请将两者与打印内容核对。"},
	"components_too_many":     {"已有 16 个密钥分量，达到上限。", "请从第一个密钥分量重新开始。"},
	"components_too_few":      {"至少需要两个密钥分量。", "请输入下一个密钥分量。"},
	"components_sum_zero":     {"这些密钥分量相互抵消，合成结果全为零，不是有效密钥。", "请与打印内容核对：可能缺少一个密钥分量，或混入了其他密钥的分量。"},

	// What the checks find wrong with a key.
	"weak_known_key":    {"该密钥出现在公开标准中，任何人都能查到。", "请重新生成密钥。"},
	"weak_repeated":     {"该密钥只是同一字节或同一片段的重复。", "请重新生成由 32 字节随机数构成的密钥。"},
	"weak_counter":      {"该密钥是步长固定的递增或递减序列，属于测试数据。", "请重新生成由 32 字节随机数构成的密钥。"},
	"weak_hex_text":     {"这 32 字节是 32 个十六进制字符的文本，实际只对应 16 字节。", "请重新生成由 32 字节随机数构成的密钥。"},
	"weak_base64_text":  {"这 32 字节是 Base64 或密码的文本，熵最多为 24 字节；如果由人设定，则远低于此。", "请重新生成由 32 字节随机数构成的密钥。"},
	"weak_text":         {"这 32 字节是可打印文本，例如密码或语句。", "请重新生成由 32 字节随机数构成的密钥。"},
	"weak_run":          {"该密钥中有连续 10 个相同的字节，很可能是由较短的数据填充到 32 字节。", "请重新生成由 32 字节随机数构成的密钥。"},
	"weak_few_values":   {"该密钥最多只有 14 种不同的字节值，而随机密钥约有 30 种。", "请重新生成由 32 字节随机数构成的密钥。"},
	"weak_unbalanced":   {"该密钥的二进制位中，0 远多于 1，或 1 远多于 0。", "请重新生成由 32 字节随机数构成的密钥。"},
	"weak_java_random":  {"该密钥由 java.util.Random 生成，与云厂商示例代码相同。该生成器的状态只有 48 位，任何人都能根据密钥的前 8 个字节推算出整个密钥。", "请在本页或使用 java.security.SecureRandom 重新生成密钥。"},
	"weak_go_math_rand": {"该密钥由 Go 的 math/rand 生成，与云厂商示例代码相同。这种方式最多只能产生 2^31 个密钥，任何人都能穷举。", "请在本页或使用 crypto/rand 重新生成密钥。"},
	"examine_cancelled": {"检查未完成即被停止，无法得出结论。", "请重新检查，或更换密钥。"},

	// Fingerprints and receipts.
	"kcv_malformed":        {"这不是密钥校验值（KCV）。", "请输入 10 个十六进制字符，例如 4F1A09B3C2。"},
	"receipt_not_json":     {"文件不是导入记录，或内容不完整：导入记录是由字符串和数字组成的 JSON 对象。", "请选择导入后下载的 JSON 文件。"},
	"receipt_not_ours":     {"这是 JSON，但不是 Keyferry 的导入记录。", "请选择导入后下载的 JSON 文件。"},
	"receipt_version":      {"当前版本的 Keyferry 不支持该导入记录的版本。", "请使用生成该记录的 Keyferry，或更高版本。"},
	"receipt_malformed":    {"导入记录中有字段缺失、多余、重复或无效。", "请使用下载的原文件。如果文件被编辑过，请使用其他副本。"},
	"receipt_damaged":      {"导入记录自相矛盾：承诺值与该密钥一致，密钥校验值（KCV）却属于其他密钥。该记录已被篡改。", "请勿采信其中的任何内容，并使用其他副本。"},
	"not_the_receipts_key": {"该密钥与导入记录不一致。", "请选择其他备份，或与该备份对应的导入记录。该密钥未被发送。"},

	// Making, reading and opening backups.
	"backup_failed":           {"无法创建备份。", "请重试；如果再次出现，请反馈。备份完成前请勿关闭本页：该密钥可能没有其他副本。"},
	"backup_mixed":            {"一份备份只能使用口令或 age 公钥加密，不能同时使用两者。", "请选择其中一种。如果两种都需要，请创建两份备份。"},
	"backup_not_age":          {"文件不是加密备份：不是 age 文件。", "请选择当初下载的备份文件（.age 文件）。"},
	"backup_version":          {"当前版本的 Keyferry 不支持该 age 文件的格式版本。", "请使用更高版本的 Keyferry，或使用 age 命令打开。"},
	"backup_damaged":          {"备份已损坏：内容不完整或被篡改。", "请从存放处重新获取，或使用其他副本。"},
	"backup_not_material":     {"age 文件已解密，但内容不是 32 字节，因此不是密钥材料。", "请选择该密钥的备份。"},
	"backup_work_factor":      {"口令的 scrypt 工作因子不在 15 到 20 之间。", "请在 15 到 20 之间选择。"},
	"backup_work_factor_high": {"打开该备份所需的内存超出浏览器限制：其 scrypt 工作因子大于 20。", "请使用 age 命令打开。"},

	// The passphrase and the identity that open a backup.
	"backup_needs_passphrase":    {"该备份使用口令加密。", "请输入口令。"},
	"backup_needs_identity":      {"该备份使用 age 公钥加密。", "请输入对应的身份密钥，以 AGE-SECRET-KEY- 开头。"},
	"backup_wrong_passphrase":    {"口令错误，无法打开备份。", "请检查大小写、空格和连字符，并确认选择了正确的备份。如果都没有问题，请使用其他副本：备份损坏时也会出现同样的错误。"},
	"backup_wrong_identity":      {"该身份密钥无法打开备份：备份使用其他公钥加密。", "请输入与其中任意一个公钥对应的身份密钥。"},
	"backup_passphrase_short":    {"口令过短。", "请至少使用 8 个字符，建议使用自动生成的口令。"},
	"backup_passphrase_unusable": {"口令包含以后无法输入的字符（例如换行符），或超过 1024 字节。", "请更换口令。"},

	// The recipients to which a backup is encrypted.
	"backup_recipient_malformed": {"这不是 age 公钥，或其中有字符错误。", "请复制以 age1 开头的整行。"},
	"backup_recipient_private":   {"这看起来是私钥。此处应填写以 age1 开头的公钥。", "请从此处和剪贴板中删除：任何人看到它都能打开您的备份。然后输入公钥。"},
	"backup_recipient_ssh":       {"这是 SSH 密钥，不能用于加密备份。", "请使用 age-keygen 生成 age 密钥，并输入以 age1 开头的公钥。"},
	"backup_recipient_plugin":    {"该公钥需要 age 命令的插件，浏览器无法运行插件。", "请输入 age-keygen 生成的公钥，以 age1 或 age1pq1 开头。"},
	"backup_recipients_too_many": {"接收方公钥超过 32 个的上限。", "请删除一部分，或为其余公钥另建一份备份。"},
	"backup_recipients_mixed":    {"接收方公钥中同时包含后量子公钥（age1pq1）和传统公钥（age1），备份强度取决于较弱的一种。", "请为每种公钥分别创建备份。"},

	// The identity, as a person enters it.
	"backup_identity_malformed": {"这不是 age 身份密钥，或其中有字符错误。", "请输入 age-keygen 所生成文件中以 AGE-SECRET-KEY- 开头的一行。"},
	"backup_identity_public":    {"这是公钥，只能用于创建备份，不能打开备份。", "请输入对应的身份密钥，以 AGE-SECRET-KEY- 开头。"},
	"backup_identity_ssh":       {"这是 SSH 密钥或其他 PEM 格式的密钥。本页只支持使用 age 身份密钥打开备份。", "请使用 age 命令打开备份，或输入以 AGE-SECRET-KEY- 开头的身份密钥。"},
	"backup_identity_plugin":    {"该身份密钥需要 age 命令的插件，浏览器无法运行插件。", "请使用 age 命令打开备份。"},
	"backup_identity_encrypted": {"该身份密钥文件已加密。", "请先使用 age 命令解密，再输入解密后的身份密钥。"},
}
