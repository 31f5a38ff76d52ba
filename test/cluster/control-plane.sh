# shellcheck shell=bash
# The control plane. Client-side limits are raised so that tests with thousands of objects measure bluegreen, not them.

etcd_up() {
	start "$CONTROL_PLANE" etcd "$KUBERNETES/etcd" \
		--data-dir "$RUN/etcd" \
		--listen-client-urls http://127.0.0.1:2379 \
		--advertise-client-urls http://127.0.0.1:2379 \
		--listen-peer-urls http://127.0.0.1:2380 \
		--unsafe-no-fsync
}

kube_apiserver_up() {
	start "$CONTROL_PLANE" kube-apiserver "$KUBERNETES/kube-apiserver" \
		--etcd-servers http://127.0.0.1:2379 \
		--advertise-address "$(node_ip "$CONTROL_PLANE")" \
		--service-cluster-ip-range "$SERVICE_CIDR" \
		--authorization-mode Node,RBAC \
		--enable-admission-plugins NodeRestriction \
		--allow-privileged \
		--client-ca-file "$RUN/pki/ca.crt" \
		--tls-cert-file "$RUN/pki/kube-apiserver.crt" \
		--tls-private-key-file "$RUN/pki/kube-apiserver.key" \
		--kubelet-client-certificate "$RUN/pki/kubelet-client.crt" \
		--kubelet-client-key "$RUN/pki/kubelet-client.key" \
		--kubelet-certificate-authority "$RUN/pki/ca.crt" \
		--kubelet-preferred-address-types InternalIP \
		--service-account-issuer https://kubernetes.default.svc \
		--service-account-key-file "$RUN/pki/service-account.pub" \
		--service-account-signing-key-file "$RUN/pki/service-account.key" \
		--audit-policy-file "$HERE/config/audit-policy.yaml" \
		--audit-log-path "$RUN/audit.log" \
		--audit-log-maxsize 1024
	wait_for "the API server" 60 kubectl get --raw /readyz
}

kube_controller_manager_up() {
	start "$CONTROL_PLANE" kube-controller-manager "$KUBERNETES/kube-controller-manager" \
		--kubeconfig "$RUN/pki/kube-controller-manager.kubeconfig" \
		--leader-elect=false \
		--use-service-account-credentials \
		--root-ca-file "$RUN/pki/ca.crt" \
		--service-account-private-key-file "$RUN/pki/service-account.key" \
		--flex-volume-plugin-dir "$RUN/volume-plugins" \
		--kube-api-qps 1000 --kube-api-burst 2000
}

kube_scheduler_up() {
	start "$CONTROL_PLANE" kube-scheduler "$KUBERNETES/kube-scheduler" \
		--kubeconfig "$RUN/pki/kube-scheduler.kubeconfig" \
		--leader-elect=false \
		--kube-api-qps 1000 --kube-api-burst 2000
}
