# SPDX-License-Identifier: Apache-2.0
# Cards of the server that are hardware models: programs beside QEMU, on this machine. Uses run's
# variables. Model N listens on $work/modelN; its log is $out/modelN.log, its fault switches are
# $LAB_WIRES/modelN.faults.

# model_slot N: where it is on bus 0
model_slot() { printf '%x.0' $((10 + $1)); }

start_models()
{
	local i vtd
	[ ${#models[@]} != 0 ] || return 0
	need_build
	# QEMU has one qtest socket, which takes one client, and a model's interrupts go by it
	[ ${#models[@]} = 1 ] || die "$dir/scenario.conf: one model is all that QEMU 7.2 can take"
	for i in "${!models[@]}"; do
		local words=(${models[$i]})
		vtd=()
		[ "$model_vtd" != yes ] || vtd=(--vtd "0:$(model_slot "$i")")
		[ -x "$build/${words[0]}" ] || die "$build/${words[0]}: no such program; build first"
		"$build/${words[0]}" --proxy "$work/model$i" --qtest "$work/qtest" \
			"${vtd[@]}" --faults "$LAB_WIRES/model$i.faults" "${words[@]:1}" \
			</dev/null >"$out/model$i.log" 2>&1 &
		model_pids+=($!)
	done
}

# models_live: a model that ended on its own has failed, whatever the server thinks of it
models_live()
{
	local i
	for i in "${!model_pids[@]}"; do
		kill -0 "${model_pids[$i]}" 2>/dev/null ||
			fail "model $i ended before the server: $(tail -1 "$out/model$i.log")"
	done
}

stop_models()
{
	local p
	for p in "${model_pids[@]}"; do
		kill "$p" 2>/dev/null || true
		wait "$p" 2>/dev/null || true
	done
	model_pids=()
}

# add_models: what QEMU needs for them, into cmd; the command gets its end of each socket
add_models()
{
	local i sockets=()
	[ ${#models[@]} != 0 ] || return 0
	for i in "${!models[@]}"; do
		sockets+=("$((100 + i))=$work/model$i")
		cmd+=(-device "x-pci-proxy-dev,id=model$i,addr=$(model_slot "$i"),fd=$((100 + i))")
	done
	cmd=("$build/sdk/lab/with-sockets" "${sockets[@]}" -- "${cmd[@]}"
		-qtest "unix:$work/qtest,server=on,wait=off" -qtest-log /dev/null)
}
