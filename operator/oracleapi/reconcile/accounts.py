"""Keeps an API in the account it was made in: its id and its callers' URLs live there."""

from typing import Any

from oracleapi.api import reasons
from oracleapi.api.awsaccount import AwsAccountSpec
from oracleapi.errors import OperatorError, Terminal
from oracleapi.model.ownership import TAG_OWNER
from oracleapi.ports import Backends
from oracleapi.reconcile.creates import wants_fresh
from oracleapi.reconcile.passes import Pass, parse_spec
from oracleapi.reconcile.references import References


class Accounts:
    """Looks for an API where it should not be. Read from the world, for a restore loses status."""

    def __init__(self, references: References, backends: Backends) -> None:
        self._references, self._backends = references, backends

    def check_region(self, work: Pass[Any], region: str) -> None:
        """Check that the endpoint in status is in *region*: its account may no longer be known here.

        Raises:
            Terminal: ``AccountChanged``.
        """
        endpoint = work.status.get("endpoint")
        if endpoint and ".execute-api." in endpoint and ".amazonaws." in endpoint and f".{region}." not in endpoint:
            raise Terminal(
                reasons.ACCOUNT_CHANGED,
                f"this API lives at {endpoint}, but the database's VPC link now leads to region {region};"
                " point it back, or delete this object and create it again",
            )

    def check_absent_elsewhere(self, work: Pass[Any], account_id: str, region: str) -> None:
        """Call it where an API was not found in its account, before another one is made or it is called gone.

        Raises:
            Terminal: ``AccountChanged``, another account has it.
            OperatorError: Another account cannot be asked, and status says that the API was made somewhere.
        """
        for key, resource in self._references.of_kind("AwsAccount"):
            spec = parse_spec(AwsAccountSpec, resource)
            if (spec.account_id, spec.region) == (account_id, region):
                continue
            try:
                gateway = self._backends.gateway(spec, self._references.account_secret(spec))
                found = [
                    api
                    for api in gateway.list_apis(fresh=wants_fresh(work))
                    if api.tags.get(TAG_OWNER) == str(work.owner)
                ]
            except OperatorError:
                if work.status.get("apiId"):
                    raise
                continue
            if found:
                raise Terminal(
                    reasons.ACCOUNT_CHANGED,
                    f"this API lives in account {spec.account_id}, region {spec.region} (AwsAccount {key.name}), but"
                    f" the database's VPC link now leads to account {account_id}, region {region}; point it back, or"
                    " delete this object while it does and create it again",
                )
