#!/bin/bash
# switch.sh NAMESPACE NAME VERSION MANIFEST: the classic script. It starts a version from its manifest, looks every 5 seconds whether
# its Deployment has the minimum of replicas available, and then moves the Service.
set -euo pipefail
namespace=$1
name=$2
version=$3
manifest=$4

# available reads the conditions with jq, as the script that is passed around does, or where there is none with kubectl's jsonpath.
available() {
	if command -v jq >/dev/null; then
		kubectl -n "$namespace" get deployment "$name-$version" -o json |
			jq -r '.status.conditions[]? | select(.reason == "MinimumReplicasAvailable") | .status'
	else
		kubectl -n "$namespace" get deployment "$name-$version" \
			-o jsonpath='{.status.conditions[?(@.reason=="MinimumReplicasAvailable")].status}'
	fi
}

kubectl -n "$namespace" apply -f "$manifest"
until [[ $(available) == True ]]; do
	sleep 5
done
kubectl -n "$namespace" patch service "$name" -p '{"spec":{"selector":{"name":"'"$name"'","version":"'"$version"'"}}}'
