{{/* What a node agent is told of images, in one volume. */}}
{{- define "agentcontainers.imagesVolume" -}}
{{- $images := .Values.nodeAgent.linux.images -}}
{{- if or $images.registries $images.signatures $images.credentialsSecret }}
- name: images
  projected:
    defaultMode: 0400
    sources:
      {{- if or $images.registries $images.signatures }}
      - configMap:
          name: {{ include "agentcontainers.nodeAgent" . }}-images
      {{- end }}
      {{- with $images.credentialsSecret }}
      - secret:
          name: {{ . }}
          items:
            - key: .dockerconfigjson
              path: credentials.json
      {{- end }}
{{- end }}
{{- end }}

{{/* Settings that name these files. In: list of the root context and the volume's folder. */}}
{{- define "agentcontainers.imagesEnvironment" -}}
{{- $images := (index . 0).Values.nodeAgent.linux.images -}}
{{- $folder := index . 1 -}}
{{- if $images.registries }}
- name: AGENTCONTAINERS_NODE_REGISTRIES_FILE
  value: {{ $folder }}/registries.yaml
{{- end }}
{{- if $images.signatures }}
- name: AGENTCONTAINERS_NODE_SIGNATURES_FILE
  value: {{ $folder }}/signatures.yaml
{{- end }}
{{- if $images.credentialsSecret }}
- name: AGENTCONTAINERS_NODE_REGISTRY_CREDENTIALS_FILE
  value: {{ $folder }}/credentials.json
{{- end }}
{{- end }}
