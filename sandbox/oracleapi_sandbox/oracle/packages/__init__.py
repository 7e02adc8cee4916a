"""Supplied packages: ORDS, ORDS_ADMIN, ORDS_SECURITY_ADMIN, and what handlers call."""
