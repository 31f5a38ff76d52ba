# shellcheck shell=bash
# One link joins the node's network namespace to the host. The host routes ClusterIPs and pods into it, so that a client on
# the host goes through kube-proxy's rules like any client outside of a cluster; nothing is forwarded beyond the host.

network_up() {
	[[ -e /sys/class/net/$HOST_LINK ]] || ip link add "$HOST_LINK" type veth peer name eth0 netns "$(init_pid)"
	ip addr replace "$HOST_IP/30" dev "$HOST_LINK"
	ip link set "$HOST_LINK" up
	in_node ip -batch - <<-EOF
		link set lo up
		addr replace $NODE_IP/30 dev eth0
		link set eth0 up
		route replace default via $HOST_IP
	EOF
	in_node sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
	ip route replace "$SERVICE_CIDR" via "$NODE_IP" dev "$HOST_LINK"
	ip route replace "$POD_CIDR" via "$NODE_IP" dev "$HOST_LINK"
}

# The routes go with the link, and the link goes with the node's namespace, if not at once. Another checkout's link has the
# same name, and is none of ours.
network_down() {
	if ! other_node >/dev/null; then
		ip link delete "$HOST_LINK" 2>/dev/null || true
		wait_for "the link to the node to go" 10 test ! -e "/sys/class/net/$HOST_LINK"
	fi
}
