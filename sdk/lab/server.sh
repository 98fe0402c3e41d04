# SPDX-License-Identifier: Apache-2.0
# The parts of run that make the server and the guest and boot the first. Uses run's variables.

# stamp: the "lab: " lines of a console, with the seconds since the start; all with --verbose
stamp()
{
	local line
	while IFS= read -r line; do
		line=${line%$'\r'}
		case $line in
		"lab: "*) progress "${line#lab: }" ;;
		*) [ $verbose = 0 ] || printf '          %s\n' "$line" ;;
		esac
	done
}

# last_error LOG: the line that a script ended with, for the one-line failure
last_error()
{
	local line
	line=$(tr -d '\r' <"$1" | sed -n 's/^lab: error: //p' | tail -1)
	[ -n "$line" ] || line="ended badly, and said last: $(tr -d '\r' <"$1" | grep . | tail -1)"
	echo "$line"
}

# add_build_files ROOT: build_files are "PATH" or "PATH=DEST"; PATH is of the build folder
add_build_files()
{
	local f
	[ -z "$build_files" ] || need_build
	for f in $build_files; do
		case $f in
		*=*) stage_file "$1" "$build/${f%%=*}" "${f#*=}" ;;
		*) stage_file "$1" "$build/$f" "/vmhi/$f" ;;
		esac
	done
}

# add_files ROOT: files are "PATH" or "PATH=DEST"; PATH is of the scenario's folder or absolute
add_files()
{
	local f from
	for f in $files; do
		from=${f%%=*}
		case $from in /*) ;; *) from=$dir/$from ;; esac
		case $f in
		*=*) stage_file "$1" "$from" "${f#*=}" ;;
		*) stage_file "$1" "$from" "/lab/$(basename "$from")" ;;
		esac
	done
}

make_guest()
{
	local root=$work/guest-root
	stage_base "$root"
	stage_modules "$root" "$LAB_KERNEL" virtio_pci virtio_mmio virtio_net virtio_blk \
		virtio_rng virtio_console $guest_modules
	cp "$lab/guest-init" "$root/init"
	chmod 755 "$root/init"
	cp "$dir/guest.sh" "$root/lab/guest.sh"
	cp "$lab/xfer.sh" "$root/lab/xfer.sh"
	cp "$work/env" "$root/lab/env"
	mkdir -p "$LAB_GUEST"
	pack "$root" "$LAB_GUEST/initramfs"
	ln -f "$LAB_KERNEL/vmlinux" "$LAB_GUEST/vmlinux" 2>/dev/null ||
		cp "$LAB_KERNEL/vmlinux" "$LAB_GUEST/vmlinux"
	cp -L "$LAB_KERNEL/vmlinuz" "$LAB_GUEST/vmlinuz"
}

make_server()
{
	local root=$work/root p
	progress "assembling the server"
	stage_base "$root"
	stage_modules "$root" "$LAB_KERNEL" virtio_pci virtio_console $modules
	add_build_files "$root"
	add_files "$root"
	for p in $programs; do
		stage_program "$root" "$p"
	done
	case " $modules " in
	*" kvm-amd "*)
		[ ! -x "$build/sdk/lab/hold-kvm" ] ||
			stage_file "$root" "$build/sdk/lab/hold-kvm" /vmhi/hold-kvm ;;
	esac
	cp "$lab/server-init" "$root/init"
	chmod 755 "$root/init"
	cp "$lab/server-lib.sh" "$root/lab/lib.sh"
	cp "$lab/xfer.sh" "$root/lab/xfer.sh"
	cp "$dir/server.sh" "$root/lab/server.sh"
	cp "$work/env" "$root/lab/env"
	if [ "$guest" = yes ]; then
		mkdir "$root/guest"
		cp "$LAB_GUEST"/{vmlinux,vmlinuz,initramfs} "$root/guest/"
	fi
	pack "$root" "$work/server.cpio"
	rm -rf "$root"
}

# netdev ID NET: QEMU's -netdev for "user", "none" or "wire:NAME"
netdev()
{
	case $2 in
	user) echo "user,id=$1${user_opts:+,$user_opts}" ;;
	none) echo "hubport,id=$1,hubid=${1#n}" ;;
	wire:*) echo "dgram,id=$1,local.type=unix,local.path=$LAB_WIRES/${2#wire:}.server,$(
		)remote.type=unix,remote.path=$LAB_WIRES/${2#wire:}.peer" ;;
	*) die "$dir/scenario.conf: a card's network is user, none or wire:NAME, not '$2'" ;;
	esac
}

qemu_command()
{
	local i=0 c d smp=$cpus iommu=(-device "intel-iommu,intremap=on,caching-mode=off")
	if [ ${#models[@]} != 0 ]; then
		[ "$model_vtd" = yes ] || iommu=()
		smp=1,maxcpus=2	# two CPUs at one x-pci-proxy-dev can make QEMU 7.2 stand still
		shared_memory=yes
	fi
	cmd=(qemu-system-x86_64 -accel tcg,thread=multi -cpu EPYC,+svm,+npt -smp "$smp"
		-m "$memory" -display none -nodefaults -no-reboot "${iommu[@]}"
		-kernel "$LAB_KERNEL/vmlinux" -initrd "$work/server.cpio"
		-append "console=ttyS0 quiet loglevel=5 intel_iommu=on tsc=reliable no_timer_check nokaslr mitigations=off cryptomgr.notests panic=-1"
		-device virtio-serial-pci,id=vs,addr=10.0
		-chardev "file,id=results,path=$out/results.tar"
		-device virtserialport,bus=vs.0,chardev=results,name=results)
	if [ "$shared_memory" = yes ]; then
		cmd+=(-object "memory-backend-memfd,id=ram,size=${memory}M,share=on"
			-M q35,memory-backend=ram)
	else
		cmd+=(-M q35)
	fi
	for c in $cards; do
		cmd+=(-netdev "$(netdev "n$i" "${c#*=}")"
			-device "${c%%=*},netdev=n$i,id=card$i,addr=$((4 + i)).0,romfile=,mac=52:54:00:12:34:5$i")
		i=$((i + 1))
	done
	i=0
	for d in $drives; do
		cmd+=(-drive "if=none,id=d$i,format=${d%%:*},snapshot=on,file=${d#*:}"
			-device "virtio-blk-pci,drive=d$i,addr=$((17 + i)).0")
		i=$((i + 1))
	done
	add_models
	cmd+=("${qemu_args[@]}")
	if [ $shell = 1 ]; then
		cmd+=(-chardev "stdio,id=con,signal=off,logfile=$out/console.log" -serial chardev:con)
	else
		cmd+=(-serial "file:$out/console.log")
	fi
}

run_server()
{
	local cmd rc=0
	[ "$cpus" -ge 2 ] || die "$dir/scenario.conf: cpus must be 2 or more (see doc/lab.md)"
	qemu_command
	start_models
	: >"$out/console.log"
	printf '%q ' "${cmd[@]}" >"$out/qemu.cmd"
	if [ $shell = 1 ]; then
		progress "booting the server on this terminal"
		"${cmd[@]}" 2>"$out/qemu.log" || rc=$?
		stty sane 2>/dev/null || true
	else
		progress "booting the server (software emulation, at most $timeout s)"
		timeout -k 5 "$timeout" "${cmd[@]}" </dev/null >"$out/qemu.log" 2>&1 &
		qemu=$!
		tail -n +1 -s 0.2 -f --pid="$qemu" "$out/console.log" | stamp
		wait "$qemu" || rc=$?
		qemu=
	fi
	[ $rc != 124 ] || fail "the server was still running after $timeout s"
	[ $rc = 0 ] || fail "QEMU ended with status $rc: $(tail -1 "$out/qemu.log")"
	models_live
	mkdir -p "$out/results"
	tar -C "$out/results" -xf "$out/results.tar" 2>/dev/null && rm -f "$out/results.tar" ||
		fail "the server stopped before its end; $(last_error "$out/console.log")"
	rc=$(cat "$out/results/status" 2>/dev/null || echo missing)
	[ "$rc" = 0 ] || fail "$(last_error "$out/console.log")"
}
