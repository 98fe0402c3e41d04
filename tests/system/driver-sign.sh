# SPDX-License-Identifier: Apache-2.0
# Signing and acceptance, as a vendor, a certifier and an operator use them: each level is reached by
# its signatures and by nothing less, and a keeper loads no driver below its minimum.
. "$(dirname "$0")/lib.sh"

trust=$VMHI_CONFIG_DIR/trust
driver=$tmp/null.so
mkdir -m 755 "$trust"
cp "$build/plugins/nic/vmhi/null/null.so" "$driver" || die "the null driver is not built"
vendor=$(vmhi driver inspect "$driver" --json | sed -n 's/.*"vendor": "\(.*\)".*/\1/p')

level() # WANTED
{
	local is
	is=$(vmhi driver inspect "$driver" --json | sed -n 's/^  "level": "\(.*\)".*/\1/p')
	[ "$is" = "$1" ] || fault "level is $is, wanted $1, $2"
}

inspect_refuses() # RULE [ARGUMENT...]
{
	local rule=$1
	shift
	! vmhi driver inspect "$driver" "$@" >"$tmp/out" || fault "$rule: admitted"
	grep -q "BROKEN *$rule\$" "$tmp/out" || fault "$rule is not named: $(grep BROKEN "$tmp/out")"
}

vmhi driver keygen --name "$vendor" "$tmp/vendor" >/dev/null || die "keygen"
vmhi driver keygen --name "Other" "$tmp/other" >/dev/null || die "keygen"
vmhi driver keygen --name "OpenVMHI" --role project "$tmp/project" >/dev/null || die "keygen"
vmhi driver keygen --name "Lab" --role certifier "$tmp/lab" >/dev/null || die "keygen"
cp "$tmp"/{vendor,other,project,lab}.key "$trust/"

refused 'its vendor is' vmhi driver sign "$driver" --key "$tmp/other.secret"
refused 'public key' vmhi driver sign "$driver" --key "$tmp/vendor.key"
refused 'role is vendor, not certifier' vmhi driver sign "$driver" --key "$tmp/vendor.secret" --role certifier
refused 'vendor.secret: .*: choose another BASE' vmhi driver keygen --name x "$tmp/vendor"
refused 'elf-header' vmhi driver sign "$tmp/lab.key" --key "$tmp/lab.secret"

level community "unsigned"
vmhi driver sign "$driver" --key "$tmp/lab.secret" --role certifier >"$tmp/out" || fault "the certifier cannot sign"
grep -q 'null.so: signed by Lab as certifier, key [0-9a-f]*$' "$tmp/out" || fault "sign said: $(cat "$tmp/out")"
refused 'already signed by this key' vmhi driver sign "$driver" --key "$tmp/lab.secret"
level community "signed by a certifier alone"
vmhi driver sign "$driver" --key "$tmp/vendor.secret" --out "$tmp/signed.so" >"$tmp/out" || fault "the vendor cannot sign"
level community "signed into another file"
driver=$tmp/signed.so
level certified "signed by vendor and certifier"

# The keeper asks for the same.
set_refuses() # PATTERN
{
	refused "$1" vmhi set start lan0
	! vmhi set list | grep -q 'lan0 *running' || fault "lan0 runs"
}
printf '{"name": "lan0", "driver": "%s", "acceptance": "certified"}\n' "$driver" >"$VMHI_CONFIG_DIR/sets/lan0.json"
vmhi set start lan0 || fault "a certified driver is not loaded"
vmhi set stop lan0 || fault "the set does not stop"
nothing_left "the set"
rm "$trust/lab.key"
level supported "the certifier is unknown here"
set_refuses acceptance
printf '{"name": "lan0", "driver": "%s"}\n' "$driver" >"$VMHI_CONFIG_DIR/sets/lan0.json"
echo '{"acceptance": "accepted"}' >"$VMHI_CONFIG_DIR/admission.json"
set_refuses acceptance
vmhi driver sign "$driver" --key "$tmp/project.secret" >"$tmp/out" || fault "the project cannot sign"
level accepted "signed by vendor and project"
vmhi set start lan0 || fault "an accepted driver is not loaded"
vmhi set stop lan0 || fault "the set does not stop"

# A byte changed, a key revoked, a file revoked, a broken list.
rm "$VMHI_CONFIG_DIR/admission.json"
cp "$driver" "$tmp/good.so"
at=$(($(stat -c %s "$driver") - 3 * 256 - 1))
printf '\377' | dd of="$driver" bs=1 seek=$at conv=notrunc status=none
inspect_refuses signature
cp "$tmp/good.so" "$driver"
vmhi driver inspect "$driver" --json >"$tmp/report"
key=$(sed -n 's/.*"key": "\(.*\)".*/\1/p' "$tmp/report" | sed -n 2p)
echo "key=$key" >"$trust/revoked"
inspect_refuses revoked
set_refuses revoked
sed -n 's/.*"sha256": "\(.*\)".*/file=\1/p' "$tmp/report" >"$trust/revoked"
inspect_refuses revoked
echo "key=$key, lost" >"$trust/revoked"
refused 'revoked: line 1' vmhi driver inspect "$driver"

# A key that the trust store lacks is named where its signature was needed.
rm "$trust/revoked" "$trust/vendor.key"
inspect_refuses acceptance --accept supported
grep -q 'found: *community (signed by key [0-9a-f]*, which is not in the trust store)' "$tmp/out" ||
	fault "an unknown key: $(grep 'found:' "$tmp/out")"

# What is shown: the broken rules and a count, or all of them.
! vmhi driver inspect "$driver" --accept supported >"$tmp/out" || fault "admitted"
grep -q '^  [0-9]* rules kept, [0-9]* broken' "$tmp/out" && ! grep -q '^  ok ' "$tmp/out" ||
	fault "inspect without --all: $(cat "$tmp/out")"
vmhi driver inspect --all "$tmp/null.so" | grep -q '^  ok *note-missing$' || fault "inspect --all"

# wrong_use PATTERN ARGUMENT...: status 2, and the word that is wrong
wrong_use()
{
	local pattern=$1 rc=0
	shift
	vmhi driver "$@" >"$tmp/out" 2>"$tmp/err" || rc=$?
	[ $rc = 2 ] && head -1 "$tmp/err" | grep -q "$pattern" || fault "driver $*: $rc, $(cat "$tmp/err")"
}
wrong_use 'no subcommand "nonsense"' nonsense
wrong_use 'driver sign: --key is missing' sign "$driver"
wrong_use 'driver sign: no option "--kee"' sign "$driver" --kee x
wrong_use 'driver inspect: FILE is missing' inspect --json
wrong_use 'driver list: "b" is one DIR too many' list a b
wrong_use 'driver new: --device is there twice' new --device 8086:10d3 --device 8086:10d4 x
wrong_use 'driver keygen: --name needs a value' keygen x --name
for sub in "" inspect list new sign keygen; do
	vmhi driver $sub --help 2>"$tmp/err" | grep -q '^usage: vmhi driver' && [ ! -s "$tmp/err" ] ||
		fault "driver $sub --help"
done
ended
