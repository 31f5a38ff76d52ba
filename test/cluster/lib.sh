# shellcheck shell=bash disable=SC2034
# Names, addresses and small functions that the scripts of the local cluster share.
#
# The whole node lives under one init process in a network, mount and PID namespace of its own. Ending that init ends every
# process, container, mount and nftables rule of the cluster, so nothing can stay behind.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
HERE=$ROOT/test/cluster
STATE=$ROOT/bin/cluster
KUBERNETES=${KUBERNETES:-$(find "$ROOT/bin/kubernetes" -mindepth 1 -maxdepth 1 2>/dev/null | sort -V | tail -n 1 || true)}
# What kube-proxy makes its rules with: nftables or iptables.
PROXY=${PROXY:-nftables}
export KUBECONFIG=$STATE/kubeconfig KUBECACHEDIR=$STATE/kubectl-cache PATH=$KUBERNETES:$PATH

# 198.18.0.0/15 is set aside for benchmarks (RFC 2544), so hardly any network in use overlaps with it.
HOST_LINK=bluegreen0
HOST_IP=198.18.0.1
NODE_IP=198.18.0.2
SERVICE_CIDR=198.18.128.0/17
API_SERVICE_IP=198.18.128.1
POD_CIDR=198.19.0.0/16

# What the node's namespaces see STATE as: short enough for a socket's path, and the same wherever the checkout is.
RUN=/run/bluegreen

say() { printf '%s\n' "$*"; }

die() {
	printf 'error: %s\n' "$*" >&2
	exit 1
}

# Two people may share a checkout: one of them changes the cluster at a time. A directory's descriptor leaves no lock file.
lock() {
	exec {LOCK}<"$HERE"
	flock --nonblock "$LOCK" || {
		say "waiting for another cluster-up or cluster-down to finish"
		flock "$LOCK"
	}
}

require_root() {
	[[ $EUID == 0 ]] || die "the local cluster needs root: it makes network namespaces, mounts and containers"
}

# init_pid prints the process id of this checkout's node, as the host sees it, and fails when there is none.
init_pid() {
	pgrep --oldest --full "^/bin/bash $HERE/init "
}

# other_node prints where another checkout's node was started, and fails when there is none.
other_node() {
	pgrep --full --list-full '^/bin/bash /.*/test/cluster/init ' | cut -d ' ' -f 3 | grep -vxF "$HERE/init"
}

# in_node runs a command inside the node's namespaces, without this shell's environment (a proxy's address, say).
in_node() {
	local init
	init=$(init_pid) || die "the local cluster is not running: make cluster-up"
	nsenter --target "$init" --net --mount --pid -- \
		env -i "PATH=$KUBERNETES:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" HOME=/root "$@"
}

# running NAME: is that program alive in the node?
running() {
	local init
	init=$(init_pid) && pgrep --ns "$init" --nslist pid --full "^([^ ]*/)?$1 " >/dev/null
}

# start NAME COMMAND...: unless it runs already; NAME is the program's file name.
start() {
	local name=$1 since=$SECONDS
	shift
	if ! running "$name"; then
		say "starting $name"
		# The background job is adopted by the node's init. No descriptor of ours may stay open in it: make waits for its
		# pipe, and the next cluster-up for the lock.
		# shellcheck disable=SC2016 # expanded by the inner shell
		in_node bash -c 'setsid "$@" & ' start "$@" </dev/null >>"$STATE/logs/$name.log" 2>&1 {LOCK}<&-
		until running "$name" || ((SECONDS - since > 5)); do sleep 0.02; done
	fi
	STARTED+=("$name")
}

# wait_for WHAT SECONDS COMMAND...: until the command succeeds; a program that dies meanwhile ends the wait with its log.
wait_for() {
	local what=$1 limit=$2 since=$SECONDS
	shift 2
	"$@" >/dev/null 2>&1 && return
	say "waiting for $what"
	until "$@" >/dev/null 2>&1; do
		assert_all_running
		((SECONDS - since < limit)) || die "gave up on $what after ${limit}s; the logs are in $STATE/logs"
		sleep 0.1
	done
}

STARTED=()
assert_all_running() {
	local name
	for name in "${STARTED[@]}"; do
		running "$name" && continue
		say "the last lines of $STATE/logs/$name.log:" >&2
		tail -n 20 "$STATE/logs/$name.log" >&2
		die "$name has died"
	done
}
