# shellcheck shell=bash
# A node: its configuration, containerd, kubelet and kube-proxy.

# configure NODE: fills in the files of config that differ from node to node; once, for kube-proxy ends when its file is written.
configure() {
	local node=$1 proxy file
	[[ ! -e $STATE/$node/cni/10-pods.conflist ]] || return 0
	proxy=$(cut -d ' ' -f 2 "$SHAPE")
	mkdir -p "$STATE/$node"/{config,cni}
	for file in containerd.toml kubelet.yaml kube-proxy.yaml 10-pods.conflist; do
		sed "s,@NODE@,$node,; s,@PODS@,$(pod_cidr "$node"),; s,@PROXY@,$proxy," "$HERE/config/$file" >"$STATE/$node/config/$file"
	done
	mv "$STATE/$node/config/10-pods.conflist" "$STATE/$node/cni"
}

containerd_up() {
	start "$1" containerd containerd --config "$RUN/$1/config/containerd.toml"
}

containerd_serves() {
	wait_for "containerd on $1" 30 inside "$1" ctr --address "$RUN/$1/containerd.sock" version
}

kubelet_up() {
	start "$1" kubelet "$KUBERNETES/kubelet" \
		--config "$RUN/$1/config/kubelet.yaml" \
		--kubeconfig "$RUN/pki/$1.kubeconfig" \
		--hostname-override "$1" \
		--node-ip "$(node_ip "$1")"
}

kube_proxy_up() {
	start "$1" kube-proxy "$KUBERNETES/kube-proxy" --config "$RUN/$1/config/kube-proxy.yaml" --hostname-override "$1"
}

kubelet_healthy() { kubectl get --raw "/api/v1/nodes/$1/proxy/healthz"; }
node_ready() { [[ $(kubectl get node "$1" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}') == True ]]; }
services_reached() { inside "$1" bash -c "</dev/tcp/$API_SERVICE_IP/443"; }

node_serves() {
	wait_for "the kubelet of $1" 60 kubelet_healthy "$1"
	wait_for "$1 to be Ready" 60 node_ready "$1"
	wait_for "the API server behind its ClusterIP on $1" 30 services_reached "$1"
}
