{{/* One mapping over another: null and an empty list say nothing. Takes a list of the two, gives JSON. */}}
{{- define "standin.over" -}}
{{- $result := deepCopy (index . 0) -}}
{{- range $key, $value := index . 1 -}}
{{- $was := get $result $key -}}
{{- if kindIs "invalid" $value -}}
{{- else if and (kindIs "slice" $value) (empty $value) -}}
{{- else if and (kindIs "map" $value) (kindIs "map" $was) -}}
{{- $_ := set $result $key (include "standin.over" (list $was $value) | fromJson) -}}
{{- else -}}
{{- $_ := set $result $key $value -}}
{{- end -}}
{{- end -}}
{{- toJson $result -}}
{{- end -}}

{{/* The sets of workers: workers, workers.celery over it, and each set over that. Gives JSON, a list in `sets`. */}}
{{- define "standin.worker-sets" -}}
{{- $below := omit .Values.workers "celery" "kubernetes" -}}
{{- $celery := include "standin.over" (list $below (omit .Values.workers.celery "sets" "enableDefault")) | fromJson -}}
{{- $sets := list -}}
{{- if .Values.workers.celery.enableDefault -}}
{{- $sets = append $sets (set (deepCopy $celery) "name" "default") -}}
{{- end -}}
{{- range .Values.workers.celery.sets -}}
{{- $sets = append $sets (include "standin.over" (list $celery .) | fromJson) -}}
{{- end -}}
{{- toJson (dict "sets" $sets) -}}
{{- end -}}

{{- define "standin.labels" -}}
tier: airflow
release: {{ .Release.Name }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "standin.logs-claim" -}}
{{ .Values.logs.persistence.existingClaim | default (printf "%s-logs" .Release.Name) }}
{{- end -}}

{{/* Environment that every component has; the secrets by name, as KEDA reads them from the workers. */}}
{{- define "standin.env" -}}
{{- $metadata := .Values.data.metadataSecretName | default (printf "%s-metadata" .Release.Name) -}}
{{- $variables := list
  (list "AIRFLOW__CORE__FERNET_KEY" (.Values.fernetKeySecretName | default (printf "%s-fernet-key" .Release.Name)) "fernet-key")
  (list "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" $metadata "connection")
  (list "AIRFLOW_CONN_AIRFLOW_DB" $metadata "connection")
  (list "AIRFLOW__API__SECRET_KEY" (.Values.apiSecretKeySecretName | default (printf "%s-api-secret-key" .Release.Name)) "api-secret-key")
  (list "AIRFLOW__API_AUTH__JWT_SECRET" (.Values.jwtSecretName | default (printf "%s-jwt-secret" .Release.Name)) "jwt-secret")
  (list "AIRFLOW__CELERY__BROKER_URL" (.Values.data.brokerUrlSecretName | default (printf "%s-broker-url" .Release.Name)) "connection")
-}}
{{- if .Values.enableBuiltInSecretEnvVars.AIRFLOW__CELERY__RESULT_BACKEND -}}
{{- $variables = append $variables (list "AIRFLOW__CELERY__RESULT_BACKEND" (.Values.data.resultBackendSecretName | default (printf "%s-result-backend" .Release.Name)) "connection") -}}
{{- end -}}
{{- range .Values.secret -}}
{{- $variables = append $variables (list .envName .secretName (.secretKey | default "value")) -}}
{{- end -}}
{{- range $variables }}
- name: {{ index . 0 }}
  valueFrom: {secretKeyRef: {name: {{ index . 1 }}, key: {{ index . 2 }}}}
{{- end }}
{{- with .Values.env }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Takes a list: the context, the component, its section, its container's arguments, more of the pod's spec. */}}
{{- define "standin.pod" -}}
{{- $top := index . 0 -}}{{- $component := index . 1 -}}{{- $section := index . 2 -}}
serviceAccountName: {{ ($section.serviceAccount).name | default (printf "%s-%s" $top.Release.Name $component) }}
containers:
  - name: {{ $component }}
    image: "{{ $top.Values.defaultAirflowRepository }}:{{ $top.Values.defaultAirflowTag }}"
    args: {{ index . 3 | toJson }}
    resources: {{ $section.resources | default dict | toJson }}
    env:
      {{- include "standin.env" $top | nindent 6 }}
      {{- with $section.env }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    volumeMounts:
      - {name: logs, mountPath: /opt/airflow/logs}
      - {name: config, mountPath: /opt/airflow/airflow.cfg, subPath: airflow.cfg, readOnly: true}
      {{- if or $top.Values.dags.persistence.enabled $top.Values.dags.gitSync.enabled }}
      - {name: dags, mountPath: /opt/airflow/dags, readOnly: true}
      {{- end }}
      {{- with $section.extraVolumeMounts }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
  {{- if ($section.logGroomerSidecar).enabled }}
  - name: {{ $component }}-log-groomer
    image: "{{ $top.Values.defaultAirflowRepository }}:{{ $top.Values.defaultAirflowTag }}"
    args: ["bash", "/clean-logs"]
    env:
      - {name: AIRFLOW__LOG_RETENTION_DAYS, value: {{ $section.logGroomerSidecar.retentionDays | toString | quote }}}
      - {name: AIRFLOW__LOG_CLEANUP_FREQUENCY_MINUTES, value: {{ $section.logGroomerSidecar.frequencyMinutes | toString | quote }}}
    volumeMounts:
      - {name: logs, mountPath: /opt/airflow/logs}
  {{- end }}
volumes:
  - name: config
    configMap: {name: {{ $top.Release.Name }}-config}
  {{- if $top.Values.logs.persistence.enabled }}
  - name: logs
    persistentVolumeClaim: {claimName: {{ include "standin.logs-claim" $top }}}
  {{- else if not ($section.persistence).enabled }}
  - name: logs
    emptyDir: {}
  {{- end }}
  {{- if $top.Values.dags.persistence.enabled }}
  - name: dags
    persistentVolumeClaim: {claimName: {{ $top.Values.dags.persistence.existingClaim }}}
  {{- else if $top.Values.dags.gitSync.enabled }}
  - name: dags
    emptyDir: {}
  {{- end }}
  {{- with $section.extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* Claim templates of a StatefulSet whose logs are not on a claim of their own. Takes the context and the section. */}}
{{- define "standin.claim-templates" -}}
{{- $top := index . 0 -}}{{- $section := index . 1 -}}
{{- if not $top.Values.logs.persistence.enabled }}
volumeClaimTemplates:
  - metadata: {name: logs}
    spec:
      accessModes: [ReadWriteOnce]
      {{- with $section.persistence.storageClassName }}
      storageClassName: {{ . }}
      {{- end }}
      resources: {requests: {storage: {{ $section.persistence.size }}}}
{{- end }}
{{- end -}}
