# shellcheck shell=bash
# The node's network: a namespace and one link to the host. The host routes ClusterIPs and pods into it, so that a client
# on the host goes through kube-proxy's rules like any client outside of the cluster; nothing is forwarded beyond the host.

network_up() {
	[[ -e /run/netns/$NETNS ]] || ip netns add "$NETNS"
	[[ -e /sys/class/net/$HOST_LINK ]] || ip link add "$HOST_LINK" type veth peer name eth0 netns "$NETNS"
	ip addr replace "$HOST_IP/30" dev "$HOST_LINK"
	ip link set "$HOST_LINK" up
	ip -n "$NETNS" addr replace "$NODE_IP/30" dev eth0
	ip -n "$NETNS" link set lo up
	ip -n "$NETNS" link set eth0 up
	# Addresses that nobody has must look like a network without an answer, not like an error of our own.
	ip -n "$NETNS" route replace default via "$HOST_IP"
	# `ip netns exec` would remount /sys and hide the cgroups from everything under it; nsenter does not.
	nsenter --net="/run/netns/$NETNS" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
	ip route replace "$SERVICE_CIDR" via "$NODE_IP" dev "$HOST_LINK"
	ip route replace "$POD_CIDR" via "$NODE_IP" dev "$HOST_LINK"
}

# The routes go with the link, and kube-proxy's rules with the namespace.
network_down() {
	[[ ! -e /sys/class/net/$HOST_LINK ]] || ip link delete "$HOST_LINK"
	[[ ! -e /run/netns/$NETNS ]] || ip netns delete "$NETNS"
}
