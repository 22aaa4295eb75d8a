{{/*
What a node agent needs to enrol, in one volume: the gateway's authority and a token.
The operator publishes the gateway's authority; until it has, the kubelet doesn't start the Pod.
*/}}
{{- define "agentcontainers.enrolmentVolume" -}}
- name: enrolment
  projected:
    defaultMode: 0400
    sources:
      {{- if .Values.gateway.enabled }}
      - configMap:
          name: agentcontainers-gateway
          items:
            - key: ca.crt
              path: gateway-ca.crt
      {{- end }}
      {{- if .Values.enrolment.bootstrapToken.existingSecret }}
      - secret:
          name: {{ .Values.enrolment.bootstrapToken.existingSecret }}
          items:
            - key: {{ .Values.enrolment.bootstrapToken.key }}
              path: token
      {{- else }}
      - serviceAccountToken:
          # the operator accepts no other
          audience: agentcontainers-enrolment
          expirationSeconds: 3600
          path: token
      {{- end }}
{{- end }}

{{/* Settings of a node agent. In: list of the root context, the system's values and the enrolment volume's folder. */}}
{{- define "agentcontainers.nodeAgentEnvironment" -}}
{{- $root := index . 0 -}}
{{- $system := index . 1 -}}
{{- $folder := index . 2 -}}
- name: POD_UID
  valueFrom:
    fieldRef:
      fieldPath: metadata.uid
- name: AGENTCONTAINERS_NODE_NAME
  valueFrom:
    fieldRef:
      fieldPath: spec.nodeName
- name: AGENTCONTAINERS_NODE_JOIN_TOKEN_FILE
  value: {{ $folder }}/token
{{- if $root.Values.gateway.enabled }}
# By address, which the kubelet fills in: the host's resolver doesn't know the cluster's names.
- name: AGENTCONTAINERS_NODE_JOIN_GATEWAY
  value: https://$(AGENT_GATEWAY_SERVICE_HOST):9443
- name: AGENTCONTAINERS_NODE_JOIN_CA_FILE
  value: {{ $folder }}/gateway-ca.crt
{{- end }}
# on the host's loopback address, because the Pod is in the host's network namespace
- name: QUARKUS_HTTP_HOST
  value: 127.0.0.1
- name: QUARKUS_HTTP_PORT
  value: {{ $system.healthPort | quote }}
- name: QUARKUS_LOG_LEVEL
  value: {{ $system.logLevel }}
{{- end }}

{{/* Version of the runtime on the host: a folder name that changes with the image. In: as agentcontainers.image. */}}
{{- define "agentcontainers.runtimeVersion" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- if $image.digest -}}
{{ $image.digest | replace ":" "-" }}
{{- else -}}
{{ default $root.Chart.AppVersion $image.tag }}
{{- end -}}
{{- end }}
