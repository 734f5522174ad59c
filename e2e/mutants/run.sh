#!/bin/bash
# Changes one operator at a time in each of the given packages and runs the package's short tests.
# Prints which changes the tests did not notice, and a table; fails where they notice fewer than 90 %.
# Run it from the root of the repository.
set -euo pipefail

# A program of its own, built apart, so that its dependencies are not ours.
gremlins=github.com/go-gremlins/gremlins/cmd/gremlins@v0.6.0
folder=$PWD/bin/mutants
mkdir -p "$folder"
rm -f "$folder"/*.log
GOBIN=$folder "${GO:-go}" install "$gremlins"

# gremlins takes exit status 1 of go test for a failed test and 2 for a change that does not compile;
# today go test exits with 1 for both. It finds this in place of go.
cat > "$folder/go" <<EOF
#!/bin/bash
output=\$('$(command -v "${GO:-go}")' "\$@" 2>&1)
status=\$?
echo "\$output"
[[ \$output != *'[build failed]'* ]] || status=2
exit \$status
EOF
chmod +x "$folder/go"

number=100 # so that the logs are in the order of the packages
for package; do
	number=$((number + 1))
	log=$folder/$number.log
	echo "$package" > "$log"
	# Packages below the package are named by themselves. Vet and debug information only cost time.
	PATH=$folder:$PATH GOFLAGS='-short -vet=off -ldflags=-w' \
		gremlins unleash --exclude-files / --timeout-coefficient 5 ${WORKERS:+--workers "$WORKERS"} "./$package" >> "$log" 2>&1 ||
		{ cat "$log" >&2; exit 1; }
	sed -nE "s#^ *(LIVED|TIMED OUT) (.*) at (.*)#\1 \2 at $package/\3#p" "$log"
done

awk '
	FNR == 1 { name[++n] = $0 }
	/ at [^ ]*\.go:/ { sub(/^ */, ""); sub(/ [A-Z_]+ at .*/, ""); count[n, $0]++ }
	END {
		row = "%-22s %7s %6s %10s %12s %13s %9s\n"
		printf row, "package", "killed", "lived", "timed out", "not covered", "not compiled", "efficacy"
		for (i = 1; i <= n; i++) {
			killed = count[i, "KILLED"] + 0
			lived = count[i, "LIVED"] + 0
			share = killed ? 100 * killed / (killed + lived) : 0
			printf row, name[i], killed, lived, count[i, "TIMED OUT"] + 0, count[i, "NOT COVERED"] + 0,
				count[i, "NOT VIABLE"] + 0, sprintf("%.1f %%", share)
			low = low || share < 90
		}
		exit low
	}' "$folder"/*.log
