"""Secrets Manager: secrets with versions and staging labels, as rotation and readers of credentials need them."""
