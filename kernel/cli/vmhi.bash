# SPDX-License-Identifier: Apache-2.0
# bash completion for vmhi

_vmhi_names() # sets|vms
{
	local dir=${VMHI_RUN_DIR:-/run/vmhi} d
	[ -n "${VMHI_RUN_DIR:-}" ] || [ "$(id -u)" = 0 ] || dir=$XDG_RUNTIME_DIR/vmhi
	for d in "$dir/$1"/*/; do
		[ -S "$d/control" ] && basename "$d"
	done
}

_vmhi()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words=
	compopt +o default
	case $COMP_CWORD:${COMP_WORDS[1]}:${COMP_WORDS[2]:-} in
	1:*) words="run vm set port device driver --help --version" ;;
	2:vm:*) words="list console stop kill" ;;
	2:set:*) words="list start stop" ;;
	2:port:*) words="list" ;;
	2:device:*) words="list bind unbind" ;;
	2:driver:*) words="inspect sign keygen list new replace" ;;
	*:driver:inspect)
		case $prev in
		--accept) words="community supported accepted certified" ;;
		*) words="--all --json --accept --trust"
			[[ $cur == -* ]] || compopt -o default ;;
		esac
		;;
	3:driver:replace) words=$(_vmhi_names sets) ;;
	*:driver:replace) [[ $cur == -* ]] && words=--trial || compopt -o default ;;
	3:vm:console | 3:vm:stop | 3:vm:kill) words=$(_vmhi_names vms) ;;
	3:set:stop | 3:port:list) words=$(_vmhi_names sets) ;;
	3:device:bind | 3:device:unbind) words=$(ls /sys/bus/pci/devices 2>/dev/null) ;;
	*:run:*)
		case $prev in
		--net) words="user $(_vmhi_names sets)" ;;
		--name | --cpus | --memory | --cmdline) return ;;
		*) words="--name --cpus --memory --kernel --initrd --cmdline --disk --net --detach"
			[[ $cur == -* ]] || compopt -o default ;;
		esac
		;;
	*) compopt -o default ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _vmhi vmhi
