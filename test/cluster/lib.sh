# shellcheck shell=bash disable=SC2034
# Names, addresses and small functions that the scripts of the local cluster share.
#
# The whole cluster lives under one init process in network, mount and PID namespaces of its own, and each node under one
# more, in namespaces inside of those. Ending an init ends every process, container, mount and rule below it, so nothing can
# stay behind.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
HERE=$ROOT/test/cluster
STATE=$ROOT/bin/cluster
KUBERNETES=${KUBERNETES:-$(find "$ROOT/bin/kubernetes" -mindepth 1 -maxdepth 1 2>/dev/null | sort -V | tail -n 1 || true)}
export KUBECONFIG=$STATE/kubeconfig KUBECACHEDIR=$STATE/kubectl-cache PATH=$KUBERNETES:$PATH

# 198.18.0.0/15 is set aside for benchmarks (RFC 2544), so hardly any network in use overlaps with it.
HOST_LINK=bluegreen0
HOST_IP=198.18.0.1
SERVICE_CIDR=198.18.128.0/17
API_SERVICE_IP=198.18.128.1
node_ip() { echo "198.18.0.$((1 + ${1#node-}))"; }
pod_cidr() { echo "198.19.$((16 * ${1#node-})).0/20"; }

# The control plane runs on the first node, beside the pods, so that it reaches Services as they do.
CONTROL_PLANE='node-1'

# What the nodes see STATE as: short enough for a socket's path, and the same wherever the checkout is. RUN/NODE is a node's
# own, the rest they share.
RUN=/run/bluegreen

# How many nodes the cluster has, and the mode of kube-proxy, in one line.
SHAPE=$STATE/shape
nodes() { seq --format 'node-%g' "$(cut -d ' ' -f 1 "$SHAPE")"; }

# each FUNCTION: for every node, with its name.
each() {
	local node
	for node in $(nodes); do "$1" "$node"; done
}

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

# init_pid NAME prints the process id of the init of this checkout's `cluster` or of a node, as the host sees it, and fails
# when there is none.
init_pid() {
	pgrep --oldest --full "^/bin/bash $HERE/init $1 "
}

# other_cluster prints where another checkout's cluster was started, and fails when there is none.
other_cluster() {
	pgrep --full --list-full '^/bin/bash /.*/test/cluster/init ' | cut -d ' ' -f 3 | grep -vxF "$HERE/init"
}

# inside NAME COMMAND... runs a command in the namespaces of the `cluster` or of a node, without this shell's environment (a
# proxy's address, say). It starts in the root directory.
inside() {
	local init
	init=$(init_pid "$1") || die "$1 is not running: make cluster-up"
	shift
	nsenter --target "$init" --net --mount --pid -- \
		env -i "PATH=$KUBERNETES:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" HOME=/root "$@"
}

# running NODE NAME: is that program alive in the node?
running() {
	local init
	init=$(init_pid "$1") && pgrep --ns "$init" --nslist pid --full "^([^ ]*/)?$2 " >/dev/null
}

# What a command is started with that shall outlive us; the init of its namespaces adopts it.
# shellcheck disable=SC2016 # expanded by the inner shell
DETACHED=(bash -c 'setsid "$@" & ' detached)

# logging LOG COMMAND... starts a command of which no descriptor of ours stays open: make waits for its pipe, and the next
# cluster-up for the lock.
logging() {
	local log=$STATE/logs/$1.log
	shift
	mkdir -p "$(dirname "$log")"
	"$@" </dev/null >>"$log" 2>&1 {LOCK}<&-
}

# start NODE NAME COMMAND...: unless it runs already; NAME is the program's file name.
start() {
	local node=$1 name=$2 since=$SECONDS
	shift 2
	if ! running "$node" "$name"; then
		say "starting $name on $node"
		logging "$node/$name" inside "$node" "${DETACHED[@]}" "$@"
		until running "$node" "$name" || ((SECONDS - since > 5)); do sleep 0.02; done
	fi
	STARTED+=("$node/$name")
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
	local program
	for program in "${STARTED[@]}"; do
		running "${program%/*}" "${program#*/}" && continue
		say "the last lines of $STATE/logs/$program.log:" >&2
		tail -n 20 "$STATE/logs/$program.log" >&2
		die "$program has died"
	done
}
