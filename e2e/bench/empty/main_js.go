// Command empty is the smallest module in Go that still starts in the console's worker: it
// registers an empty global keyferry and waits. What it weighs, and how long it takes to start, is
// the toolchain's share.
package main

import "syscall/js"

func main() {
	js.Global().Set("keyferry", js.ValueOf(map[string]any{}))
	select {}
}
