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
refused 'elf-header' vmhi driver sign "$tmp/lab.key" --key "$tmp/lab.secret"

level community "unsigned"
vmhi driver sign "$driver" --key "$tmp/lab.secret" --role certifier || fault "the certifier cannot sign"
level community "signed by a certifier alone"
vmhi driver sign "$driver" --key "$tmp/vendor.secret" --out "$tmp/signed.so" || fault "the vendor cannot sign"
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
vmhi driver sign "$driver" --key "$tmp/project.secret" || fault "the project cannot sign"
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
ended
