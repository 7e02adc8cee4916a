"""AWS: API Gateway HTTP APIs, VPC links, log groups, identity."""
