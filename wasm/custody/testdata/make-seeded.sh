#!/bin/sh
# Draws keys from generators with seeds, by the programs that have them:
#
#	sh wasm/custody/testdata/make-seeded.sh > wasm/custody/testdata/seeded.txt
#
# A line has what was drawn, the seed and the key. It needs php, python3, gcc and g++.
set -eu
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
cat > "$folder/rand.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
	unsigned seed = strtoul(argv[2], 0, 10);
	srand(seed);
	for (int i = 0; i < 32; i++) printf("%02x", argv[1][0] == 'l' ? rand() % 256 : (int)(256.0 * rand() / (RAND_MAX + 1.0)));
}
C
cat > "$folder/random.cc" <<'C'
#include <cstdio>
#include <cstdlib>
#include <random>
int main(int argc, char **argv) {
	std::mt19937 generator(strtoul(argv[2], 0, 10));
	std::uniform_int_distribution<int> byte(0, 255);
	for (int i = 0; i < 32; i++) printf("%02x", argv[1][0] == 'l' ? (unsigned)generator() & 255 : byte(generator));
}
C
gcc -O1 -o "$folder/rand" "$folder/rand.c"
g++ -O1 -o "$folder/random" "$folder/random.cc"
for seed in 1 42 1234 1700000000 1764115200; do
	php_key() { printf '%s\t%s\t%s\n' "php $1" "$seed" "$(php -r "mt_srand($seed); for (\$i = 0; \$i < 32; \$i++) printf('%02x', $2);")"; }
	php_key 'mt_rand(0, 255)' 'mt_rand(0, 255)'
	php_key 'mt_rand() % 256' 'mt_rand() % 256'
	php_key 'rand(0, 255)' 'rand(0, 255)'
	python_key() { printf '%s\t%s\t%s\n' "python $1" "$seed" "$(python3 -c "
import random
random.seed($seed)
print(bytes($1).hex())")"; }
	python_key 'random.randbytes(32)'
	python_key 'random.getrandbits(8) for _ in range(32)'
	python_key 'random.randint(0, 255) for _ in range(32)'
	python_key 'int(random.random() * 256) for _ in range(32)'
	printf '%s\t%s\t%s\n' 'c rand() % 256' "$seed" "$("$folder/rand" low "$seed")"
	printf '%s\t%s\t%s\n' 'c 256.0 * rand() / (RAND_MAX + 1.0)' "$seed" "$("$folder/rand" high "$seed")"
	printf '%s\t%s\t%s\n' 'c++ mt19937 & 255' "$seed" "$("$folder/random" low "$seed")"
	printf '%s\t%s\t%s\n' 'c++ uniform_int_distribution' "$seed" "$("$folder/random" high "$seed")"
done
