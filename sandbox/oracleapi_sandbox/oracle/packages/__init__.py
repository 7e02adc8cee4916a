"""The supplied ORDS packages and their metadata repository.

What the engine uses: ``repository.install`` and ``repository.record_version`` at start (the latter again after switches
changed), ``registry.supplied_packages`` with ``registry.required_role`` to resolve names and ``registry.argument_rows``
for ALL_ARGUMENTS, ``views.dictionary_views`` for the DBA_ORDS_* and USER_ORDS_* views, ``settings.RepositorySettings``
for the admin page's ``repository`` switches. What ORDS reads: ``repository.load_snapshot``.
"""
