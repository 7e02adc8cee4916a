{{- define "oracle-api-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "oracle-api-operator.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "oracle-api-operator.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "oracle-api-operator.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "oracle-api-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "oracle-api-operator.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "oracle-api-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "oracle-api-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "oracle-api-operator.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{ include "oracle-api-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: oracle-api-operator
{{- end -}}

{{- define "oracle-api-operator.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}
{{- end -}}

{{- define "oracle-api-operator.leaderElection" -}}
{{- with .Values.leaderElection -}}
{{- $deadline := int .renewDeadlineSeconds -}}
{{- if or (le (int .leaseDurationSeconds) $deadline) (le (mul 10 $deadline) (mul 12 .retryPeriodSeconds)) -}}
{{- fail "leaderElection: leaseDurationSeconds must be above renewDeadlineSeconds, and that above 1.2 times retryPeriodSeconds" -}}
{{- end -}}
- --lease-duration-seconds={{ .leaseDurationSeconds }}
- --renew-deadline-seconds={{ .renewDeadlineSeconds }}
- --retry-period-seconds={{ .retryPeriodSeconds }}
{{- end -}}
{{- end -}}
