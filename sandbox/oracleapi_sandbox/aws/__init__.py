"""The AWS double: API Gateway control and data plane and Secrets Manager of our own, ministack for everything else."""
