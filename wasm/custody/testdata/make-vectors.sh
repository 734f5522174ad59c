#!/bin/sh
# Makes vectors.json again:
#
#   sh wasm/custody/testdata/make-vectors.sh > wasm/custody/testdata/vectors.json
#
# It needs openssl 3. The first CMAC vectors are those of the standards, which the
# command must reproduce.
set -eu

aes256=603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4
aes128=2b7e151628aed2a6abf7158809cf4f3c
text=6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710
zeros=00000000000000000000000000000000

# cmac CIPHER KEY MESSAGE-IN-HEX
cmac() {
	printf '%s' "$3" | xxd -r -p | openssl mac -cipher "$1" -macopt "hexkey:$2" -in /dev/stdin CMAC | tr 'A-F' 'a-f'
}
# ecb KEY
ecb() {
	printf '%s' "$zeros" | xxd -r -p | openssl enc -aes-256-ecb -nopad -K "$1" | xxd -p
}

printf '{\n "madeBy": "sh wasm/custody/testdata/make-vectors.sh",\n "version": "%s",\n "cmacs": [' "$(openssl version)"
comma=
vector() { # SOURCE CIPHER KEY MESSAGE
	printf '%s\n  {"source": "%s", "command": "openssl mac -cipher %s -macopt hexkey:… -in message CMAC", "key": "%s", "message": "%s", "mac": "%s"}' \
		"$comma" "$1" "$2" "$3" "$4" "$(cmac "$2" "$3" "$4")"
	comma=,
}
i=0
for digits in 0 32 80 128; do
	i=$((i + 1))
	message=$(printf '%s' "$text" | cut -c "1-$digits" 2>/dev/null || true)
	[ "$digits" = 0 ] && message=
	vector "NIST SP 800-38B, appendix D.3, example $((i + 8))" AES-256-CBC "$aes256" "$message"
	vector "RFC 4493, section 4, example $i" AES-128-CBC "$aes128" "$message"
done
for digits in 2 30 34 126; do
	vector "openssl" AES-256-CBC "$aes256" "$(printf '%s' "$text" | cut -c "1-$digits")"
done
printf '\n ],\n "checkValues": ['
comma=
for key in 0000000000000000000000000000000000000000000000000000000000000000 \
	000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f \
	"$aes256" \
	8d41c6f0b25e9a7713fc04d8e9a2b6556cc8302f17be94da61f5803e7a9d4b1c \
	ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff; do
	printf '%s\n  {"key": "%s", "cmac": "%s", "ecb": "%s"}' "$comma" "$key" "$(cmac AES-256-CBC "$key" "$zeros" | cut -c 1-10)" "$(ecb "$key" | cut -c 1-6)"
	comma=,
done
printf '\n ]\n}\n'
