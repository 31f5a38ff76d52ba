# shellcheck shell=bash
# The namespaces of the cluster, and of each node inside of them.

# Directories of the host that init covers with a node's own, and that may have to be made for that.
HIDDEN=(/var/lib/cni /var/lib/kubelet)

cluster_namespaces_up() {
	enclose cluster
}

node_namespaces_up() {
	mkdir -p "$STATE/$1/kubelet" "${HIDDEN[@]}"
	enclose "$1" inside cluster
}

# enclose NAME [INSIDE...]: starts an init in namespaces of its own, made where INSIDE says.
enclose() {
	local name=$1
	shift
	! init_pid "$name" >/dev/null || return 0
	mkdir -p "$STATE/$name"
	rm -f "$STATE/$name/init.ready"
	logging "$name/init" "$@" "${DETACHED[@]}" unshare --net --mount --propagation private --pid --fork --kill-child \
		--mount-proc "$HERE/init" "$name" "$STATE" "$RUN"
	wait_for "the namespaces of $name" 10 test -e "$STATE/$name/init.ready"
}

# namespaces_down NAME: the kernel lets init go only after every process of its PID namespace; mounts and network go with the
# last of them.
namespaces_down() {
	local init
	if init=$(init_pid "$1"); then
		kill -KILL "$init"
		wait_for "every process of $1 to end" 30 test ! -e "/proc/$init"
	fi
}

# Containers leave the directories of their cgroups, which no namespace takes away. One that is in use cannot be removed.
cgroups_down() {
	find /sys/fs/cgroup -depth -type d -path '*/k8s.io*' -exec rmdir {} \; 2>/dev/null || true
}

tear_down() {
	namespaces_down cluster
	network_down
	cgroups_down
	rmdir --ignore-fail-on-non-empty "${HIDDEN[@]}" 2>/dev/null || true
	rm -rf --one-file-system "$STATE"
}
