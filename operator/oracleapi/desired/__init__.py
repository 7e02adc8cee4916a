"""Spec and resolved references turned into desired values. Pure: no clock, no network, no settings."""
