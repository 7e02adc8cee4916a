"""API Gateway control plane: what boto3 talks to."""
