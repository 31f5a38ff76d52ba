# shellcheck shell=bash
# What the machine must have before a cluster can be started, each with the command that provides it.

PACKAGES=(containerd containernetworking-plugins conntrack iproute2 iptables nftables openssl procps runc util-linux)
PROGRAMS=(containerd containerd-shim-runc-v2 runc conntrack ip iptables nft openssl pgrep nsenter unshare flock)
KUBERNETES_PROGRAMS=(etcd kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet kubectl)
IMAGES=(pause nginx-1.10 nginx-1.11 nginx-1.12)

# missing prints the programs that are not there.
missing() {
	local program
	for program in "${PROGRAMS[@]}"; do
		command -v "$program" >/dev/null || printf '%s ' "$program"
	done
	[[ -x /usr/lib/cni/ptp ]] || printf '/usr/lib/cni/ptp '
}

require_packages() {
	[[ -z $(missing) ]] || die "not installed: $(missing)
Install it with \`make packages\`, or: apt-get update && apt-get install --no-install-recommends ${PACKAGES[*]}"
}

require_binaries() {
	local program image
	for program in "${KUBERNETES_PROGRAMS[@]}"; do
		[[ -x $KUBERNETES/$program ]] || die "no $program in ${KUBERNETES:-bin/kubernetes}: build it with \`make kubernetes\`"
	done
	for image in "${IMAGES[@]}"; do
		[[ -f $ROOT/bin/images/$image.tar ]] || die "no bin/images/$image.tar: build it with \`make cluster-images\`"
	done
}

# Fail before anything is made when somebody else uses our names or addresses.
require_free_network() {
	local other
	if other=$(other_cluster); then
		die "the cluster of another checkout is running: make cluster-down there ($other)"
	fi
	other=$(ip route show root 198.18.0.0/15 | grep -v "dev $HOST_LINK" | head -n 1) || true
	[[ -z $other ]] || die "this host routes addresses of the cluster's range 198.18.0.0/15 already: $other"
}

# require_shape settles NODES and PROXY: what the caller says, else what is there, else one node with nftables.
require_shape() {
	local nodes=1 proxy=nftables
	[[ ! -e $SHAPE ]] || read -r nodes proxy <"$SHAPE"
	NODES=${NODES:-$nodes} PROXY=${PROXY:-$proxy}
	[[ $NODES == [1-9] ]] || die "NODES=$NODES: want a number of nodes from 1 to 9"
	[[ $PROXY == @(nftables|iptables) ]] || die "PROXY=$PROXY: want a mode of kube-proxy, nftables or iptables"
	if [[ "$NODES $PROXY" != "$nodes $proxy" ]] && init_pid cluster >/dev/null; then
		die "NODES=$NODES PROXY=$PROXY: the running cluster has NODES=$nodes PROXY=$proxy; make cluster-down first"
	fi
}
