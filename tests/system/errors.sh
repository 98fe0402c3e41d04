# SPDX-License-Identifier: Apache-2.0
# What users do wrong is told in one line that says what, where and what to do; nothing stays behind.
. "$(dirname "$0")/lib.sh"

kernel=$(bash "$top/sdk/lab/kernel")/vmlinuz || die "no kernel"
vm() { printf '%s\n' "$1" >"$tmp/vm.json"; echo "$tmp/vm.json"; }

refused 'vm.json: unknown key "memroy"' vmhi run "$(vm '{"name": "a", "kernel": "k", "memroy": "1G"}')"
refused 'vm.json: line 2: not JSON' vmhi run "$(vm '{"name": "a",')"
refused 'vm.json: "memory" must be a size' vmhi run "$(vm '{"name": "a", "kernel": "k", "memory": "lots"}')"
refused 'vm.json: nets\[0\]: "mac" must look like' \
	vmhi run "$(vm '{"name": "a", "kernel": "k", "nets": [{"mac": "zz"}]}')"
refused 'vm.json: disks\[0\]: unknown key "imgae"' \
	vmhi run "$(vm '{"name": "a", "disks": [{"imgae": "x"}]}')"
refused 'nowhere.json: cannot be read: No such file' vmhi run "$tmp/nowhere.json"
refused 'kernel /nowhere/vmlinuz: cannot be read: No such file' vmhi run --kernel /nowhere/vmlinuz
refused 'disk .*/nowhere.qcow2: .*No such file' \
	vmhi run --kernel "$kernel" --disk "$tmp/nowhere.qcow2"
refused 'disk /nowhere.raw: .*No such file' vmhi run /nowhere.raw
refused 'its name does not tell its format' vmhi run /etc/passwd
refused 'not UTF-8' vmhi run --kernel "$kernel" --disk $'/tmp/\xff.qcow2'
refused 'cpus 2foo: not a number' vmhi run --kernel "$kernel" --cpus 2foo
: >"$tmp/disk"
refused 'its name does not tell its format' vmhi run --kernel "$kernel" --disk "$tmp/disk"
refused 'set "none" is not running' vmhi run --kernel "$kernel" --net none
refused 'VM name "../x"' vmhi run --kernel "$kernel" --name ../x
refused 'VM "x" is not running' vmhi vm stop x
refused 'set "x" is not running' vmhi set stop x
refused 'set "x" is not configured: write .*/etc/sets/x.json' vmhi set start x

# A machine without KVM, or with one that cannot run a 64-bit kernel, is refused by what is wrong.
if ! vmhi-vm --probe >/dev/null 2>&1; then
	refused '/dev/kvm' vmhi run "$(vm "{\"name\": \"a\", \"kernel\": \"$kernel\"}")"
fi
# a set under another name than its file's; a set started twice keeps its log
echo '{"name": "other"}' >"$VMHI_CONFIG_DIR/sets/mine.json"
refused 'mine.json: "name" is "other"' vmhi set start mine
echo '{"name": "twice"}' >"$VMHI_CONFIG_DIR/sets/twice.json"
vmhi set start twice >"$tmp/out" || fault "an internal switch does not start"
cp "$VMHI_RUN_DIR/sets/twice/log" "$tmp/log"
vmhi set start twice 2>"$tmp/err" && fault "a set was started twice"
grep -q 'set "twice" runs already' "$tmp/err" || fault "the second start said '$(cat "$tmp/err")'"
# which may have grown meanwhile
cmp -s -n "$(stat -c %s "$tmp/log")" "$VMHI_RUN_DIR/sets/twice/log" "$tmp/log" ||
	fault "the second start changed the first's log: $(diff "$tmp/log" "$VMHI_RUN_DIR/sets/twice/log")"
vmhi set stop twice || fault "set twice does not stop"
nothing_left "set twice"
ended
