# SPDX-License-Identifier: Apache-2.0
set -e
"$LAB_BUILD/bench/reflector" "$LAB_WIRES/w0.peer" "$LAB_WIRES/w0.server" 128 \
	>"$LAB_OUT/peer.log" 2>&1 </dev/null &
for _ in $(seq 50); do
	[ ! -S "$LAB_WIRES/w0.peer" ] || exit 0
	sleep 0.1
done
exit 1
