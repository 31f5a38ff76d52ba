#!/bin/bash
# switch.sh NAMESPACE VERSION MANIFEST: the classic script. It starts a version from its manifest, looks every 5 seconds whether
# its Deployment has the minimum of replicas available, and then moves the Service.
set -euo pipefail
namespace=$1
version=$2
manifest=$3

# available reads the conditions with jq, as the script that is passed around does, or where there is none with kubectl's jsonpath.
available() {
	if command -v jq >/dev/null; then
		kubectl -n "$namespace" get deployment "nginx-$version" -o json |
			jq -r '.status.conditions[]? | select(.reason == "MinimumReplicasAvailable") | .status'
	else
		kubectl -n "$namespace" get deployment "nginx-$version" \
			-o jsonpath='{.status.conditions[?(@.reason=="MinimumReplicasAvailable")].status}'
	fi
}

kubectl -n "$namespace" apply -f "$manifest"
until [[ $(available) == True ]]; do
	sleep 5
done
kubectl -n "$namespace" patch service nginx -p '{"spec":{"selector":{"name":"nginx","version":"'"$version"'"}}}'
