# shellcheck shell=bash
# The node: its namespaces, containerd, kubelet and kube-proxy.

namespaces_up() {
	init_pid >/dev/null && return
	mkdir -p "$STATE/logs" /var/lib/cni
	rm -f "$STATE/init.ready"
	nsenter --net="/run/netns/$NETNS" unshare --mount --propagation private --pid --fork --kill-child --mount-proc \
		"$HERE/init" "$STATE" "$RUN" </dev/null >"$STATE/logs/init.log" 2>&1 {LOCK}<&- &
	disown
	wait_for "the node's namespaces" 10 test -e "$STATE/init.ready"
}

# Ending init ends the processes of its PID namespace; its mounts go with the last of them.
namespaces_down() {
	local init
	if init=$(init_pid); then
		kill -KILL "$init"
		wait_for "every process of the node to end" 30 nobody_left
	fi
	rmdir --ignore-fail-on-non-empty /var/lib/cni 2>/dev/null || true
}

nobody_left() { [[ -z $(ip netns pids "$NETNS") ]]; }

containerd_up() {
	install -D -m 0644 -t "$STATE/cni" "$HERE/config/10-pods.conflist"
	start containerd containerd --config "$HERE/config/containerd.toml"
	wait_for containerd 30 in_node ctr --address "$RUN/containerd.sock" version
}

kubelet_up() {
	start kubelet "$KUBERNETES/kubelet" \
		--config "$HERE/config/kubelet.yaml" \
		--kubeconfig "$RUN/pki/kubelet.kubeconfig" \
		--root-dir "$RUN/kubelet" \
		--cert-dir "$RUN/kubelet/pki" \
		--hostname-override node \
		--node-ip "$NODE_IP"
}

kube_proxy_up() {
	start kube-proxy "$KUBERNETES/kube-proxy" --config "$HERE/config/kube-proxy.yaml" --hostname-override node
}

# The kubelet and containerd leave the directories of cgroups, which no namespace takes away.
cgroups_down() {
	find /sys/fs/cgroup -depth -type d -path "*/$NETNS*" -exec rmdir {} \; 2>/dev/null || true
}

tear_down() {
	namespaces_down
	network_down
	cgroups_down
	rm -rf --one-file-system "$STATE"
}
