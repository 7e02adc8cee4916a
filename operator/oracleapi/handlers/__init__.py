"""The door: kopf's watches feed the operator; health and metrics are served here."""
