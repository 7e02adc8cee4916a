"""Kubernetes: objects, status, finalizers, Secrets by name, Events."""
