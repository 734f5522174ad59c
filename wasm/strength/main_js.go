// Command strength is a small module for the browser that estimates how hard a passphrase is to
// guess. It is apart from Keyferry's own module because its dictionaries weigh more than everything
// else together, and most people take the passphrase that the page offers. It registers one global
// with one function:
//
//	keyferry.strength({passphrase}) -> {score}
//
// The score is zxcvbn's, from 0 (found at once) to 4 (more than 10^10 guesses). The promise is
// never rejected.
package main

import (
	"syscall/js"

	"github.com/ccojocar/zxcvbn-go"
)

// tooLong bounds the estimate, whose cost grows with the square of the length. Whatever is in the
// rest can only add.
const tooLong = 100

func main() {
	strength := js.FuncOf(func(_ js.Value, args []js.Value) any {
		passphrase := []rune(args[0].Get("passphrase").String())
		score := zxcvbn.PasswordStrength(string(passphrase[:min(len(passphrase), tooLong)]), nil).Score
		return js.Global().Get("Promise").Call("resolve", map[string]any{"score": score})
	})
	js.Global().Set("keyferry", map[string]any{"strength": strength})
	select {}
}
