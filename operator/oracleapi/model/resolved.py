"""An ``OracleApi`` with every reference turned into a plain value: what the pure rooms build from. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from oracleapi.api.oracleapi import OracleApiSpec
from oracleapi.model.gateway import Throttle
from oracleapi.model.guard import Management
from oracleapi.model.hidden import Hidden
from oracleapi.model.ownership import Owner


@dataclass(frozen=True)
class Issuer:
    """A provider as both gates need it."""

    issuer: str
    audience: str
    jwks_uri: str


@dataclass(frozen=True)
class Claims:
    """The claims of a token that name its subject and its groups."""

    subject: str = "sub"
    groups: str = "groups"


@dataclass(frozen=True)
class Rival:
    """Another ``OracleApi`` that may write into the same schema of the same PDB.

    Args:
        issuer: Whose tokens its routes ask for; ``None`` where none does.
        older: Its claims come before those of the API that is looked at.
    """

    owner: Owner
    base_path: str
    issuer: Issuer | None
    older: bool


@dataclass(frozen=True)
class ResolvedApi:
    """Spec and surroundings of one API.

    Args:
        owner: Whose things these are.
        spec: The user's words.
        account_id, region: Of the account that the database's VPC link lives in.
        account_tags: Tags for everything made there.
        vpc_link_id: ``None`` while the link is not available.
        listener_arn, server_name: Where the link leads.
        ords_context: Path of ORDS, such as ``/ords``.
        ords_base_url: How the operator reaches ORDS.
        alias: The schema's URL alias.
        trace_header: Request header that carries the gateway's request id.
        default_throttle: Of the database.
        issuer: ``None`` when no route needs a token.
        pdb_guid: Identity of the pluggable database, whatever the object that leads to it is called.
        rivals: Who else may write into the schema, oldest first.
        claims: Of the issuer's tokens.
        guard: How the guard is to treat the schema; ``None``: the database has none.
        bound: Names of the routes that some ``RoleBinding`` leads callers to a role on.
        unguarded: Names of the IAM routes, as long as nothing proves that the guard stands before them at ORDS.
        gateway_key: What the gateway is to send with IAM callers; ``None`` where no IAM route is served.
        unenforced: Bound routes are served also where the schema may read more than its roles.
    """

    owner: Owner
    spec: OracleApiSpec
    account_id: str
    region: str
    account_tags: Mapping[str, str]
    vpc_link_id: str | None
    listener_arn: str
    server_name: str | None
    ords_context: str
    ords_base_url: str
    alias: str
    trace_header: str
    default_throttle: Throttle
    issuer: Issuer | None
    pdb_guid: str = ""
    rivals: tuple[Rival, ...] = ()
    claims: Claims = Claims()
    guard: Management | None = None
    bound: frozenset[str] = frozenset()
    unguarded: frozenset[str] = frozenset()
    gateway_key: Hidden | None = None
    unenforced: bool = False
