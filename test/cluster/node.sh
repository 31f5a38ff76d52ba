# shellcheck shell=bash
# The node: its namespaces, containerd, kubelet and kube-proxy.

namespaces_up() {
	init_pid >/dev/null && return
	mkdir -p "$STATE"/{logs,kubelet} "${HIDDEN[@]}"
	unshare --net --mount --propagation private --pid --fork --kill-child --mount-proc \
		"$HERE/init" "$STATE" "$RUN" </dev/null >"$STATE/logs/init.log" 2>&1 {LOCK}<&- &
	disown
	wait_for "the node's namespaces" 10 test -e "$STATE/init.ready"
}

# Directories of the host that init covers with the node's own, and that may have to be made for that.
HIDDEN=(/var/lib/cni /var/lib/kubelet)

# The kernel lets init go only after every process of its PID namespace; mounts and network go with the last of them.
namespaces_down() {
	local init
	if init=$(init_pid); then
		kill -KILL "$init"
		wait_for "every process of the node to end" 30 test ! -e "/proc/$init"
	fi
	rmdir --ignore-fail-on-non-empty "${HIDDEN[@]}" 2>/dev/null || true
}

containerd_up() {
	install -D -m 0644 -t "$STATE/cni" "$HERE/config/10-pods.conflist"
	start containerd containerd --config "$HERE/config/containerd.toml"
	wait_for containerd 30 in_node ctr --address "$RUN/containerd.sock" version
}

kubelet_up() {
	start kubelet "$KUBERNETES/kubelet" \
		--config "$HERE/config/kubelet.yaml" \
		--kubeconfig "$RUN/pki/kubelet.kubeconfig" \
		--hostname-override node \
		--node-ip "$NODE_IP"
}

kube_proxy_up() {
	sed "s/^mode: .*/mode: $PROXY/" "$HERE/config/kube-proxy.yaml" >"$STATE/kube-proxy.yaml"
	start kube-proxy "$KUBERNETES/kube-proxy" --config "$RUN/kube-proxy.yaml" --hostname-override node
}

# Containers leave the directories of their cgroups, which no namespace takes away. One that is in use cannot be removed.
cgroups_down() {
	find /sys/fs/cgroup -depth -type d -path '*/k8s.io*' -exec rmdir {} \; 2>/dev/null || true
}

tear_down() {
	namespaces_down
	network_down
	cgroups_down
	rm -rf --one-file-system "$STATE"
}
