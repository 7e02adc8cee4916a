"""``kubectl oracleapi``: what is there, why a caller gets through or not, what would be done, and evidence of all that.

``main`` has the commands; ``cluster``, ``logs`` and ``sessions`` ask the outside (kubectl, CloudWatch Logs, Oracle),
the rest turns answers into data and data into pictures. It uses the pure rooms of the operator and never starts it.
"""
