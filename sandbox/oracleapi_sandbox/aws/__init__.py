"""The AWS double: API Gateway control and data plane of our own, ministack for everything else."""
