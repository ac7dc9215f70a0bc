{{- /* Not empty when ipvlan-multi attaches pods. */ -}}
{{- define "ipvlan.multi" -}}
{{ if or (include "ipvlan.multiConfiguration" .) .Values.agent.networks }}true{{ end }}
{{- end }}
{{- /* Not empty when the nodes get a configuration of ipvlan-multi. */ -}}
{{- define "ipvlan.multiConfiguration" -}}
{{ if and .Values.defaultNetwork (not .Values.multus.enabled) }}true{{ end }}
{{- end }}
{{- /* Not empty when the agent may read pods and namespaces. */ -}}
{{- define "ipvlan.podAccess" -}}
{{- $access := toString .Values.agent.podAccess }}
{{- $used := or (include "ipvlan.multi" .) (eq .Values.agent.pods "always") }}
{{- range .Values.pools }}
{{- if or .spec.podAffinity .spec.namespaceAffinity }}{{ $used = true }}{{ end }}
{{- end }}
{{- if or (eq $access "true") (and $used (eq $access "auto")) }}true{{ end }}
{{- end }}
{{- define "ipvlan.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- /* NAMESPACE/NAME of the default network. A name alone is that of a network of the values, else one in the namespace default. */}}
{{- define "ipvlan.defaultNetwork" -}}
{{- $name := .Values.defaultNetwork }}
{{- $namespace := "default" }}
{{- range .Values.networks }}
{{- if eq $name (get (.annotations | default dict) "multus.spidernet.io/cr-name" | default .name) }}
{{- $namespace = .namespace | default $.Release.Namespace }}
{{- end }}
{{- end }}
{{- if contains "/" $name }}{{ $name }}{{ else }}{{ $namespace }}/{{ $name }}{{ end }}
{{- end }}
