package inspector

import (
	"net/http"

	"golang.org/x/text/language"
)

// Text is every text of the inspector in one language. A text that is missing
// fails a test.
type Text struct {
	Lang, OtherLang, Other string // the language, and the link to the other one

	Name, Skip, Banner, Region, Account string

	Keys, NoKeys, KeyID, Description, State, Origin, Bound string
	Spec, CreatedAt, Expires, Never, DeleteAt, Material    string
	Yes, No, Present, Absent, Back                         string

	StateEnabled, StateDisabled, StatePendingDeletion, StatePendingImport string

	CreateTitle, CreateHint, CreateButton, ImportLink, ReimportLink string

	ActsTitle, EnableButton, DisableButton, DeleteButton, DeleteHint string
	ScheduleButton, Days, CancelButton                               string

	EncryptTitle, EncryptLabel, EncryptButton string
	DecryptTitle, DecryptLabel, DecryptButton string
	Ciphertext, Plaintext, RequestID          string

	Created, Enabled, Disabled, MaterialDeleted, Scheduled, Cancelled, Encrypted, Decrypted string

	// Position takes the page's number, how many there are, and the CMKs in all.
	Pages, First, Previous, Next, Last, Position string
	FindLabel, FindButton                        string

	ErrorPrefix, Refused, Broken, Lost, LostBody string
	Foreign, ForeignBody                         string
}

// describe is a CMK's description in the language of the page, where it is one of those that a new
// local KMS has. Others are shown as somebody wrote them.
func (t *Text) describe(description string) string {
	if t == chinese && seeded[description] != "" {
		return seeded[description]
	}
	return description
}

// seeded are the descriptions that a new local KMS has, in Chinese.
var seeded = map[string]string{
	"Waits for key material (1)":       "等待导入密钥材料（1）",
	"Waits for key material (2)":       "等待导入密钥材料（2）",
	"Waits for key material (3)":       "等待导入密钥材料（3）",
	"An ordinary CMK, made by the KMS": "普通主密钥，由 KMS 生成密钥材料",
}

var english = &Text{
	Lang: "en", OtherLang: "zh-CN", Other: "简体中文",
	Name: "Local KMS", Skip: "Skip to the content",
	Banner: "Local KMS: for trying out and for tests, never for real keys",
	Region: "Region", Account: "Account",
	Keys: "CMKs", NoKeys: "There are no CMKs yet.", KeyID: "Key ID", Description: "Description", State: "State",
	Origin: "Origin", Bound: "Bound to its first key material", Spec: "Key spec", CreatedAt: "Created",
	Expires: "Key material expires", Never: "never", DeleteAt: "Will be deleted", Material: "Key material",
	Yes: "yes", No: "no", Present: "present", Absent: "none", Back: "All CMKs",
	StateEnabled: "Enabled", StateDisabled: "Disabled", StatePendingDeletion: "Pending Deletion", StatePendingImport: "Pending Import",
	CreateTitle: "Create an external CMK", CreateHint: "An external CMK has no key material until you import some.",
	CreateButton: "Create external CMK", ImportLink: "Import key material", ReimportLink: "Re-import the same key material",
	ActsTitle: "Change this CMK", EnableButton: "Enable", DisableButton: "Disable",
	DeleteButton:   "Delete key material",
	DeleteHint:     "Encrypted data can be decrypted again only after the same key material is re-imported.",
	ScheduleButton: "Schedule deletion", Days: "Days until deletion (7 to 366)", CancelButton: "Cancel deletion",
	EncryptTitle: "Encrypt a text", EncryptLabel: "Text, up to 8 KB", EncryptButton: "Encrypt",
	DecryptTitle: "Decrypt a ciphertext", DecryptLabel: "CiphertextBlob, in base64", DecryptButton: "Decrypt",
	Ciphertext: "CiphertextBlob", Plaintext: "Plaintext", RequestID: "RequestId",
	Created: "The CMK was created. It is waiting for its key material.", Enabled: "The CMK is enabled.", Disabled: "The CMK is disabled.",
	MaterialDeleted: "The key material was deleted.", Scheduled: "The deletion is scheduled.", Cancelled: "The deletion is cancelled.",
	Encrypted: "The text was encrypted.", Decrypted: "The ciphertext was decrypted.",
	Pages: "Pages", First: "First", Previous: "Previous", Next: "Next", Last: "Last", Position: "Page %d of %d, %d CMKs in all",
	FindLabel: "Find a CMK by its key ID", FindButton: "Find",
	ErrorPrefix: "Error: ", Refused: "The KMS refused this", Broken: "This cannot be shown",
	Lost: "Page not found", LostBody: "There is nothing at this address.",
	Foreign: "This link came from another website", ForeignBody: "The local KMS does nothing that another site asks for. Continue on its own pages.",
}

var chinese = &Text{
	Lang: "zh-CN", OtherLang: "en", Other: "English",
	Name: "本地 KMS", Skip: "跳转到正文",
	Banner: "本地 KMS：仅供试用和测试，切勿用于真实密钥",
	Region: "地域", Account: "账号",
	Keys: "主密钥（CMK）", NoKeys: "还没有主密钥。", KeyID: "密钥 ID", Description: "描述", State: "状态",
	Origin: "密钥材料来源", Bound: "已绑定首次导入的密钥材料", Spec: "密钥规格", CreatedAt: "创建时间",
	Expires: "密钥材料过期时间", Never: "永不过期", DeleteAt: "预计删除时间", Material: "密钥材料",
	Yes: "是", No: "否", Present: "有", Absent: "无", Back: "全部主密钥",
	StateEnabled: "启用", StateDisabled: "禁用", StatePendingDeletion: "待删除", StatePendingImport: "待导入",
	CreateTitle: "创建外部主密钥", CreateHint: "外部主密钥在导入密钥材料之前没有密钥材料。",
	CreateButton: "创建外部主密钥", ImportLink: "导入密钥材料", ReimportLink: "重新导入相同的密钥材料",
	ActsTitle: "更改此主密钥", EnableButton: "启用", DisableButton: "禁用",
	DeleteButton:   "删除密钥材料",
	DeleteHint:     "重新导入相同的密钥材料后，才能再次解密已加密的数据。",
	ScheduleButton: "计划删除", Days: "预删除周期（7 至 366 天）", CancelButton: "取消删除",
	EncryptTitle: "加密文本", EncryptLabel: "文本，最多 8 KB", EncryptButton: "加密",
	DecryptTitle: "解密密文", DecryptLabel: "CiphertextBlob（Base64）", DecryptButton: "解密",
	Ciphertext: "CiphertextBlob", Plaintext: "明文", RequestID: "RequestId",
	Created: "主密钥已创建，待导入密钥材料。", Enabled: "主密钥已启用。", Disabled: "主密钥已禁用。",
	MaterialDeleted: "密钥材料已删除。", Scheduled: "已计划删除。", Cancelled: "已取消删除。",
	Encrypted: "文本已加密。", Decrypted: "密文已解密。",
	Pages: "分页", First: "首页", Previous: "上一页", Next: "下一页", Last: "末页", Position: "第 %d 页，共 %d 页，总计 %d 个主密钥",
	FindLabel: "按密钥 ID 查找主密钥", FindButton: "查找",
	ErrorPrefix: "错误：", Refused: "KMS 拒绝了此操作", Broken: "无法显示",
	Lost: "页面不存在", LostBody: "您访问的地址不存在。",
	Foreign: "此链接来自其他网站", ForeignBody: "本地 KMS 不执行其他网站发起的操作。请从此处继续访问。",
}

// languageCookie has a name of its own: cookies know no ports, and the console
// may be on the same host.
const languageCookie = "localkms-lang"

var matcher = language.NewMatcher([]language.Tag{language.English, language.SimplifiedChinese})

// chooseLanguage returns the texts for a visitor: by ?lang=, which is kept in
// a cookie, else by that cookie, else by Accept-Language.
func chooseLanguage(w http.ResponseWriter, r *http.Request) *Text {
	wish := r.URL.Query().Get("lang")
	if wish != "" {
		http.SetCookie(w, &http.Cookie{
			Name: languageCookie, Value: textFor(wish).Lang, Path: "/",
			HttpOnly: true, SameSite: http.SameSiteLaxMode,
		})
	} else if cookie, err := r.Cookie(languageCookie); err == nil {
		wish = cookie.Value
	} else {
		wish = r.Header.Get("Accept-Language")
	}
	return textFor(wish)
}

func textFor(wish string) *Text {
	if _, index := language.MatchStrings(matcher, wish); index == 1 {
		return chinese
	}
	return english
}
