"""API Gateway data plane: what callers of an API talk to."""
