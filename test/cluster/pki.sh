# shellcheck shell=bash
# One CA, a certificate for each component, and a kubeconfig for each client.

PKI=$STATE/pki

pki_up() {
	[[ ! -e $PKI/done ]] || return 0
	say "making certificates"
	rm -rf "$PKI"
	install -d -m 0700 "$PKI"
	key service-account
	openssl pkey -in "$PKI/service-account.key" -pubout -out "$PKI/service-account.pub"
	key ca
	openssl req -x509 -new -key "$PKI/ca.key" -subj "/CN=bluegreen-local-cluster" -days 3650 -out "$PKI/ca.crt"
	certificate kube-apiserver "/CN=kube-apiserver" \
		"DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,IP:$API_SERVICE_IP,IP:$(node_ip "$CONTROL_PLANE"),IP:127.0.0.1"
	client admin "/O=system:masters/CN=admin"
	client kubelet-client "/O=system:masters/CN=kube-apiserver-kubelet-client"
	each node_certificate
	client kube-controller-manager "/CN=system:kube-controller-manager"
	client kube-scheduler "/CN=system:kube-scheduler"
	client kube-proxy "/CN=system:kube-proxy"
	install -m 0600 "$PKI/admin.kubeconfig" "$STATE/kubeconfig"
	touch "$PKI/done"
}

key() {
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$PKI/$1.key"
}

# certificate NAME SUBJECT SUBJECT_ALT_NAMES
certificate() {
	key "$1"
	openssl req -new -key "$PKI/$1.key" -subj "$2" |
		openssl x509 -req -CA "$PKI/ca.crt" -CAkey "$PKI/ca.key" -days 3650 -out "$PKI/$1.crt" \
			-extfile <(printf 'extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=%s\n' "$3") 2>/dev/null
}

# A kubelet serves with the certificate that it shows as a client.
node_certificate() {
	client "$1" "/O=system:nodes/CN=system:node:$1" "IP:$(node_ip "$1")"
}

# client NAME SUBJECT [SUBJECT_ALT_NAME]: a certificate, and NAME.kubeconfig that carries it.
client() {
	certificate "$1" "$2" "${3:-DNS:$1}"
	cat >"$PKI/$1.kubeconfig" <<-EOF
		apiVersion: v1
		kind: Config
		current-context: bluegreen
		clusters:
		- name: bluegreen
		  cluster:
		    server: https://$(node_ip "$CONTROL_PLANE"):6443
		    certificate-authority-data: $(base64 -w 0 "$PKI/ca.crt")
		users:
		- name: $1
		  user:
		    client-certificate-data: $(base64 -w 0 "$PKI/$1.crt")
		    client-key-data: $(base64 -w 0 "$PKI/$1.key")
		contexts:
		- name: bluegreen
		  context: {cluster: bluegreen, user: $1}
	EOF
}
