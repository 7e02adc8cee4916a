"""One file a kind: resolve, observe, plan, apply.

``passes`` runs one pass, ``report`` turns its outcome into a status, ``references`` finds what an object refers to.
"""
