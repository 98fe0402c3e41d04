# SPDX-License-Identifier: Apache-2.0
# A driver made by "vmhi driver new" builds against the installed SDK with pkg-config alone, is
# admitted, and runs on a device: here the 82574 model, whose ids it is given.
. "$(dirname "$0")/lib.sh"

make -C "$build" -s install DESTDIR="$tmp/root" >"$tmp/install.log" 2>&1 || die "make install: $(tail -1 "$tmp/install.log")"
prefix=$(sed -n 's/^prefix = //p' "$build/Makefile")
export PKG_CONFIG_LIBDIR=$tmp/root$prefix/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$tmp/root
unset PKG_CONFIG_PATH
installed=$tmp/root$prefix/bin/vmhi

refused 'exists' "$installed" driver new --class nic --vendor acme --device 8086:10d3 "$tmp"
refused 'but ", .*, \* and @' "$installed" driver new --class nic --vendor 'A */ x' --device 8086:10d3 "$tmp/mynic"
"$installed" driver new --class nic --vendor acme --device 8086:10d3 "$tmp/mynic" || die "driver new failed"
PKG_CONFIG_LIBDIR=/nowhere make -C "$tmp/mynic" >"$tmp/make.log" 2>&1 && fault "it builds without the SDK"
grep -q 'PKG_CONFIG_PATH=PREFIX/lib/pkgconfig' "$tmp/make.log" || fault "make does not say where the SDK is sought"
make -C "$tmp/mynic" >"$tmp/make.log" 2>&1 || die "the new driver does not build: $(tail -2 "$tmp/make.log")"
! grep -q warning "$tmp/make.log" || die "the new driver builds with warnings"
vmhi driver inspect "$tmp/mynic/mynic.so" >"$tmp/inspect" || die "not admitted: $(cat "$tmp/inspect")"
grep -q acme "$tmp/inspect" || die "its vendor is not shown"

# So does the example of doc/models.md, and it says what it cannot do.
sed -n '/^```c$/,/^```$/p' "$top/doc/models.md" | sed '1d;$d' >"$tmp/m.c"
system=$(env -u PKG_CONFIG_LIBDIR pkg-config --variable pc_path pkg-config)
flags=$(PKG_CONFIG_LIBDIR=$PKG_CONFIG_LIBDIR:$system pkg-config --cflags --libs vmhi-model) ||
	die "pkg-config does not know vmhi-model"
cc -Wall -Wextra -Werror -o "$tmp/m" "$tmp/m.c" $flags || die "the example of doc/models.md does not build"
refused '^m: use: m SOCKET$' "$tmp/m"
refused 'cannot serve /nowhere/m: No such file' "$tmp/m" /nowhere/m

# It passes the tests of a driver on that example's card.
"$tmp/m" "$tmp/toy" 2>"$tmp/toy.log" &
toy=$!
started+=($toy)
wait_for 5 test -S "$tmp/toy" || die "the example does not serve: $(tail -1 "$tmp/toy.log")"
"$installed" driver new --class nic --vendor acme --device 1234:5678 "$tmp/toynic" >/dev/null
plugin_host=$tmp/root$prefix/bin/plugin-host
tried() # what plugin-host says of the driver, as it was edited
{
	make -C "$tmp/toynic" >"$tmp/make.log" 2>&1 || die "toynic does not build: $(tail -2 "$tmp/make.log")"
	timeout 60 "$plugin_host" --no-wire --vfio-user "$tmp/toy" "$tmp/toynic/toynic.so" >"$tmp/tests" 2>&1
}
tried || fault "plugin-host: $(grep -B 1 -m 1 ^FAIL "$tmp/tests")"
grep -q '^[1-9][0-9]* passed, 0 failed, [0-9]* skipped$' "$tmp/tests" || fault "plugin-host said: $(tail -1 "$tmp/tests")"
for t in admission attach stop-queues stats-steady; do
	grep -q "^ok   $t " "$tmp/tests" || fault "the template's test $t: $(grep " $t" "$tmp/tests")"
done
# What is wrong with a driver is told by the ABI's words: ids that are not its own, an operation that is
# missing, a device that its note does not name, an import.
wrong() # EXPRESSION FILE PATTERN: sed spoils the file, and plugin-host says so
{
	cp "$tmp/toynic/$2" "$tmp/sound"
	sed -i "$1" "$tmp/toynic/$2"
	cmp -s "$tmp/sound" "$tmp/toynic/$2" && fault "$1 changes nothing in $2"
	tried && fault "plugin-host passes a driver after $1"
	grep -qE "$3" "$tmp/tests" || fault "after $1 plugin-host said: $(cat "$tmp/tests")"
	cp "$tmp/sound" "$tmp/toynic/$2"
}
wrong 's/return -VMHI_ENXIO/(void)0/' driver.c 'attach to 1234:5679, which its note does not name, answers 0$'
wrong '/\.stats = /d' queue.c "NIC table has no stats: all 13 operations are needed"
wrong '/\.event = /d' driver.c 'vmhi_driver leaves out an operation|ops-table'
wrong 's/pci=1234:5678/pci=1234:5670/' driver.c "driver toynic is not for 1234:5678"
wrong 's/abi=0.1-0.1/abi=0.2-0.2/' driver.c '^    refused: abi-range: '
wrong '/add_counters(q, dev->total)/d' queue.c 'PACKETS ran backwards, from'
wrong 's/info->mtu_max = MTU_MAX/info->mtu_max = 1400/' queue.c 'mtu_max is 1400: at least 1500'
sed -i '/n = queue_sent(q, pkt, n);/i if (n) *(volatile int *)(8 * n) = 0;' "$tmp/toynic/queue.c"
tried && fault "plugin-host passes a driver that crashes"
grep -q 'signal 11 (Segmentation fault), address 0x8, in the driver at 0x[0-9a-f]* (.*), called as tx$' "$tmp/tests" ||
	fault "a crash in tx(): plugin-host said: $(tail -1 "$tmp/tests")"
kill $toy

# Links in the installed pages lead to what is installed.
(cd "$tmp/root$prefix/share/doc/openvmhi" && grep -o ']([^)#]*' -r . --include='*.md') >"$tmp/links"
while IFS=: read -r page link; do
	link=${link#](}
	case $link in
	'' | http*) continue ;;
	/*) link=$tmp/root$link ;;
	*) link=$tmp/root$prefix/share/doc/openvmhi/$(dirname "$page")/$link ;;
	esac
	[ -e "$link" ] || fault "$page has a link to $link, which is not there"
done <"$tmp/links"
[ -s "$tmp/links" ] || fault "no links in the installed pages"

model=$build/plugins/nic/intel/82574/model/82574-model
"$model" --socket "$tmp/card" --wire none &
started+=($!)
wait_for 5 test -S "$tmp/card" || die "the model does not start"
cat >"$VMHI_CONFIG_DIR/sets/lan0.json" <<END
{"name": "lan0", "driver": "$tmp/mynic/mynic.so", "devices": [{"vfio-user": "$tmp/card"}],
 "ports": [{"name": "p0"}]}
END
vmhi set start lan0 || die "the set does not start"
grep -q 'found the device, ids 0x8086 0x10d3' "$VMHI_RUN_DIR/sets/lan0/log" || fault "the driver did not say that it found its device"
vmhi port list lan0 --json | grep -q '"p0"' || fault "no port p0"
vmhi device list | grep -q "^vfio-user:$tmp/card  *8086:10d3 .* lan0 " ||
	fault "device list: $(vmhi device list)"
# A model serves one at a time: the next one is told so.
sed 's/lan0/lan1/' "$VMHI_CONFIG_DIR/sets/lan0.json" >"$VMHI_CONFIG_DIR/sets/lan1.json"
vmhi set start lan1 >"$tmp/out" 2>&1 && fault "two sets on one model"
grep -q 'one client at a time: is another set or VM using it?' "$tmp/out" || fault "a busy model: $(cat "$tmp/out")"
vmhi set stop lan0 || fault "the set does not stop"
nothing_left "the set"
ended
