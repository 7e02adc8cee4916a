"""Machinery that knows no kind: queue, store, clock, metrics."""
