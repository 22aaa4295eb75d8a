{{/* Names are fixed: one release in a cluster. */}}
{{- define "agentcontainers.operator" -}}agentcontainers-operator{{- end }}
{{- define "agentcontainers.nodeAgent" -}}agentcontainers-node-agent{{- end }}
{{/* Not agentcontainers-…: the kubelet tells node agents its address in AGENT_GATEWAY_SERVICE_HOST, and
variables that begin with AGENTCONTAINERS_ are read as configuration. */}}
{{- define "agentcontainers.gateway" -}}agent-gateway{{- end }}
{{- define "agentcontainers.drain" -}}agentcontainers-drain{{- end }}

{{/* Labels by which Pods are selected; these never change. In: the component's name. */}}
{{- define "agentcontainers.selector" -}}
app.kubernetes.io/name: agentcontainers
app.kubernetes.io/component: {{ . }}
{{- end }}

{{/* All labels. In: list of the root context and the component's name. */}}
{{- define "agentcontainers.labels" -}}
{{- $root := index . 0 -}}
{{ include "agentcontainers.selector" (index . 1) }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* An image by digest, else by tag. In: list of the root context and the image's values. */}}
{{- define "agentcontainers.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ default $root.Chart.AppVersion $image.tag }}
{{- end -}}
{{- end }}

{{/* The gateway's name in the cluster. */}}
{{- define "agentcontainers.gatewayName" -}}
{{ include "agentcontainers.gateway" . }}.{{ .Release.Namespace }}.svc
{{- end }}

{{/* The gateway's address as the host of a URL, filled in by the kubelet. Services have addresses of the cluster's first
family unless told otherwise. */}}
{{- define "agentcontainers.gatewayHost" -}}
{{- $family := .Values.gateway.service.ipFamily }}
{{- if not $family }}
{{- $families := dig "spec" "ipFamilies" list (lookup "v1" "Service" "default" "kubernetes" | default dict) }}
{{- $family = ternary (first $families) "IPv4" (gt (len $families) 0) }}
{{- end }}
{{- ternary "[$(AGENT_GATEWAY_SERVICE_HOST)]" "$(AGENT_GATEWAY_SERVICE_HOST)" (eq $family "IPv6") }}
{{- end }}

{{/* Whether the API server knows MutatingAdmissionPolicy; `helm template` goes by the version it is told. */}}
{{- define "agentcontainers.mutatesAtAdmission" -}}
{{- if or (.Capabilities.APIVersions.Has "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy") (semverCompare ">=1.36.0-0" .Capabilities.KubeVersion.Version) -}}
true
{{- end }}
{{- end }}

{{/* Metadata of what the drain hook consists of. In: list of the root context and the hook's weight. */}}
{{- define "agentcontainers.drainMetadata" }}
  name: {{ include "agentcontainers.drain" (index . 0) }}
  labels: {{- include "agentcontainers.labels" (list (index . 0) "drain") | nindent 4 }}
  annotations:
    helm.sh/hook: pre-delete
    helm.sh/hook-weight: {{ index . 1 | quote }}
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}

{{/* Subjects of a binding: the operator. */}}
{{- define "agentcontainers.operatorSubject" }}
subjects:
  - kind: ServiceAccount
    name: {{ include "agentcontainers.operator" . }}
    namespace: {{ .Release.Namespace }}
{{- end }}
