"""oracle-api-operator: AWS API Gateway in front of Oracle REST Data Services, from Kubernetes resources.

The map: ``handlers`` (kopf at the door) wake ``reconcile`` (one file a kind), which resolves references, observes
through ``ports``, asks ``desired`` and ``plan`` (both pure) what to do, and has ``adapters`` (the only rooms with
I/O) do it. ``api`` holds the resources as users write them, ``model`` the values in between, ``runtime`` the queue,
store and clock that know no kind. ``wiring`` puts it together once.
"""
