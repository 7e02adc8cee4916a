"""Frozen values between spec and world: what is desired, what was observed, and the actions that join them."""
