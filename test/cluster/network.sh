# shellcheck shell=bash
# A bridge in the cluster's network namespace joins the nodes and the host. The host routes pods to their nodes, and ClusterIPs
# to the first node, so that a client on the host goes through kube-proxy's rules like any client outside of a cluster; nothing
# is forwarded beyond the host.

host_linked() { ip link show "$HOST_LINK" &>/dev/null; }
host_unlinked() { ! host_linked; }

cluster_network_up() {
	inside cluster ip link show nodes &>/dev/null || inside cluster ip link add nodes type bridge
	host_linked || ip link add "$HOST_LINK" type veth peer name host netns "$(init_pid cluster)"
	inside cluster ip -batch - <<-EOF
		link set nodes up
		link set host master nodes up
	EOF
	ip -batch - <<-EOF
		addr replace $HOST_IP/24 dev $HOST_LINK
		link set $HOST_LINK up
		route replace $SERVICE_CIDR via $(node_ip "$CONTROL_PLANE")
		$(pod_routes)
	EOF
}

# A node that was ended comes back with a new link, but with its old hardware address, which others remember.
node_network_up() {
	local node=$1
	if ! inside "$node" ip link show eth0 &>/dev/null; then
		inside cluster ip link delete "$node" 2>/dev/null || true
		nsenter --target "$(init_pid cluster)" --net ip link add "$node" master nodes up \
			type veth peer name eth0 address "02:00:00:00:00:0${node#node-}" netns "$(init_pid "$node")"
	fi
	inside "$node" ip -batch - <<-EOF
		link set lo up
		addr replace $(node_ip "$node")/24 dev eth0
		link set eth0 up
		route replace default via $HOST_IP
		$(pod_routes "$node")
	EOF
	inside "$node" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
}

# pod_routes [NODE] prints the routes to the pods of every node but this one.
pod_routes() {
	local node
	for node in $(nodes); do
		[[ $node == "${1:-}" ]] || echo "route replace $(pod_cidr "$node") via $(node_ip "$node")"
	done
}

# The routes go with the link, and the link goes with the cluster's namespace, if not at once. Another checkout's link has the
# same name, and is none of ours.
network_down() {
	if ! other_cluster >/dev/null; then
		ip link delete "$HOST_LINK" 2>/dev/null || true
		wait_for "the link to the cluster to go" 10 host_unlinked
	fi
}
