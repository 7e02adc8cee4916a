"""The sandbox: what oracle-api-operator runs against on one machine.

Rooms: ``cluster`` (real kube-apiserver and etcd), ``aws`` (API Gateway engine, ministack for the rest),
``oracle`` (Oracle Net listener, SQL on PostgreSQL, PL/SQL interpreter, ORDS packages), ``ords`` (the HTTP side of
ORDS), ``oidc`` (identity provider), ``common`` (clock, certificates, serving, call journals). ``cli`` and ``stack``
start them together. Each part is its own process; they know each other only by address.
"""
