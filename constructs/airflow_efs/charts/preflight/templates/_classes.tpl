{{- /* What Kubernetes lets nobody change of a StorageClass. The file system is left out: it may not exist yet. */}}
{{- define "class.fixed" -}}
{{- dict
  "provisioner" .provisioner
  "parameters" (omit (.parameters | default dict) "fileSystemId")
  "mountOptions" (.mountOptions | default list)
  "reclaimPolicy" (.reclaimPolicy | default "Delete")
  "volumeBindingMode" (.volumeBindingMode | default "Immediate")
  "allowedTopologies" (.allowedTopologies | default list)
  | toJson }}
{{- end }}

{{- /* The environment that a ConfigMap of another preflight names for a class; nothing when there is none. */}}
{{- define "class.owner" -}}
{{- range (lookup "v1" "ConfigMap" .namespace "").items }}
{{- if and (eq (get (.metadata.labels | default dict) $.label) "accepted") (ne .metadata.name $.marker) }}
{{- $declared := fromJson .data.declared }}
{{- range $declared.classes }}{{ if eq .name $.class }}{{ $declared.environment }}{{ end }}{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{- /* The fields, separated by commas, in which two classes differ. */}}
{{- define "class.differences" -}}
{{- $live := fromJson (include "class.fixed" .live) }}
{{- $wanted := fromJson (include "class.fixed" .wanted) }}
{{- $found := list }}
{{- range $key := keys $wanted | sortAlpha }}
{{- if eq $key "parameters" }}
{{- range $name := concat (keys $live.parameters) (keys $wanted.parameters) | uniq | sortAlpha }}
{{- if ne (get $live.parameters $name) (get $wanted.parameters $name) }}
{{- $found = append $found (printf "%s is %s in the cluster" $name (get $live.parameters $name | default "absent")) }}
{{- end }}
{{- end }}
{{- else if ne (get $live $key | toJson) (get $wanted $key | toJson) }}
{{- $found = append $found (printf "%s is %s in the cluster" $key (get $live $key | toJson | replace "\"" "")) }}
{{- end }}
{{- end }}
{{- join ", " $found }}
{{- end }}
