{{- define "bluegreen.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "bluegreen.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- /* Labels of the uninstaller's pod; others than those of the Deployment's pods, so that nothing takes it for one of them. */ -}}
{{- define "bluegreen.uninstallLabels" -}}
app.kubernetes.io/name: {{ include "bluegreen.fullname" . }}-uninstall
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "bluegreen.labels" -}}
{{ include "bluegreen.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "bluegreen.serviceAccountName" -}}
{{- $default := ternary (include "bluegreen.fullname" .) "default" .Values.serviceAccount.create -}}
{{- default $default .Values.serviceAccount.name -}}
{{- end -}}

{{- /* The subject of every binding. */ -}}
{{- define "bluegreen.subjects" -}}
subjects:
  - kind: ServiceAccount
    name: {{ include "bluegreen.serviceAccountName" . }}
    namespace: {{ .Release.Namespace }}
{{- end -}}

{{- /* A first part with a dot or a port, or localhost, is a registry. */ -}}
{{- define "bluegreen.image" -}}
{{- $repository := .Values.image.repository -}}
{{- with .Values.global.imageRegistry -}}
{{- $repository = printf "%s/%s" . (regexReplaceAll "^(localhost|[^/]*[.:][^/]*)/" $repository "") -}}
{{- end -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- /* Fails if two things would listen on one port: of the pod, or, with hostNetwork, of its node. */ -}}
{{- define "bluegreen.checkPorts" -}}
{{- $listeners := ternary (list "webhook" "metrics" "health") (list "webhook" "health") .Values.metrics.enabled -}}
{{- $taken := ternary (dict "10250" "the kubelet's on every node") (dict) .Values.hostNetwork -}}
{{- range $listener := $listeners -}}
{{- $port := index $.Values $listener "port" | toString -}}
{{- with get $taken $port -}}
{{- fail (printf "%s.port: %s is %s: choose another port" $listener $port .) -}}
{{- end -}}
{{- $_ := set $taken $port (printf "%s.port too" $listener) -}}
{{- end -}}
{{- end -}}

{{- /* Metadata of the chart's pods. Takes a list: the root, and the labels that tell the pods apart. */ -}}
{{- define "bluegreen.podMetadata" -}}
{{- $root := index . 0 -}}
labels:
  {{- index . 1 | nindent 2 }}
  {{- with mergeOverwrite (dict) $root.Values.commonLabels $root.Values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $root.Values.podAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- /* Where every pod of the chart runs, and the credentials for its image. */ -}}
{{- define "bluegreen.placement" -}}
{{- range $field := list "imagePullSecrets" "priorityClassName" "affinity" "nodeSelector" "tolerations" }}
{{- with index $.Values $field }}
{{ toYaml (dict $field .) }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "bluegreen.podSecurityContext" -}}
runAsNonRoot: true
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "bluegreen.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- /* Returns cert-manager or self-managed. */ -}}
{{- define "bluegreen.tlsMode" -}}
{{- if ne .Values.tls.mode "auto" -}}
{{- .Values.tls.mode -}}
{{- else if .Capabilities.APIVersions.Has "cert-manager.io/v1" -}}
cert-manager
{{- else -}}
self-managed
{{- end -}}
{{- end -}}

{{- /* What bluegreen does where it manages Services; the same cluster-wide and in single namespaces. It does not depend on
inUseProtection.enabled: without the protection, bluegreen still unprotects what it protected before. */ -}}
{{- define "bluegreen.managerRules" -}}
rules:
  - apiGroups: [""]
    resources: [services]
    verbs: [get, list, watch, patch]
  - apiGroups: [apps]
    resources: [deployments]
    verbs: [get, list, watch, patch]
  - apiGroups: [apps]
    resources: [deployments/scale]
    verbs: [patch]
  # To see whether a Deployment has pods that serve, was deleted without them, or is in a namespace that is being deleted.
  - apiGroups: [apps]
    resources: [replicasets]
    verbs: [list]
  - apiGroups: [""]
    resources: [namespaces]
    verbs: [get]
  - apiGroups: [events.k8s.io]
    resources: [events]
    verbs: [create, patch]
{{- end -}}

{{- /* Grants rules to bluegreen where it manages Services, cluster-wide or in single namespaces. Takes a list: the root, the name of the
roles, and the rules. */ -}}
{{- define "bluegreen.grants" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- $rules := index . 2 -}}
{{- if not $root.Values.watchNamespaces }}
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: {{ $name }}
  labels:
    {{- include "bluegreen.labels" $root | nindent 4 }}
{{ $rules }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: {{ $name }}
  labels:
    {{- include "bluegreen.labels" $root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: {{ $name }}
{{ include "bluegreen.subjects" $root }}
{{- end }}
{{- range $root.Values.watchNamespaces }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {{ $name }}
  namespace: {{ . }}
  labels:
    {{- include "bluegreen.labels" $root | nindent 4 }}
{{ $rules }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ $name }}
  namespace: {{ . }}
  labels:
    {{- include "bluegreen.labels" $root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ $name }}
{{ include "bluegreen.subjects" $root }}
{{- end }}
{{- end -}}

{{- /* What bluegreen does there once it may run Jobs that check a version. */ -}}
{{- define "bluegreen.checkRules" -}}
rules:
  - apiGroups: [batch]
    resources: [cronjobs]
    verbs: [get]
  - apiGroups: [batch]
    resources: [jobs]
    verbs: [list, watch, create, delete]
{{- end -}}

{{- /* What the uninstaller does there. */ -}}
{{- define "bluegreen.uninstallRules" -}}
rules:
  - apiGroups: [""]
    resources: [services]
    verbs: [list]
  - apiGroups: [apps]
    resources: [deployments]
    verbs: [get, list, patch]
  - apiGroups: [apps]
    resources: [deployments/scale]
    verbs: [patch]
{{- end -}}

{{- /* The annotations of one object of the uninstaller. Takes the weight of the hook. */ -}}
{{- define "bluegreen.uninstallHook" -}}
helm.sh/hook: pre-delete
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}

{{- define "bluegreen.namespaceSelector" -}}
{{- with .Values.watchNamespaces -}}
namespaceSelector:
  matchExpressions:
    - key: kubernetes.io/metadata.name
      operator: In
      values: {{ toJson . }}
{{- end -}}
{{- end -}}

{{/* CEL: the annotations one of which makes a Service managed. */}}
{{- define "bluegreen.asks" -}}
['bluegreen/target-version', 'bluegreen/follows', 'bluegreen/preview-of']
{{- end -}}

{{/* CEL that holds if a write puts a Service under management that exists. */}}
{{- define "bluegreen.adopts" -}}
{{ include "bluegreen.asks" . }}.exists(ask, ask in object.metadata.annotations)
&& !{{ include "bluegreen.asks" . }}.exists(ask, ask in oldObject.metadata.?annotations.orValue({}))
{{- end -}}

{{/* CEL that holds unless one of Kubernetes' own controllers deletes: what was in a namespace, or had an owner. */}}
{{- define "bluegreen.notByKubernetes" -}}
!request.userInfo.username.startsWith('system:serviceaccount:kube-system:')
&& request.userInfo.username != 'system:kube-controller-manager'
{{- end -}}
