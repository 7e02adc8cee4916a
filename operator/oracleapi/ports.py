"""What the reconcilers need of the world, in our own words. Adapters fulfil these; fakes in tests do too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from oracleapi.api.awsaccount import AwsAccountSpec
from oracleapi.api.oracledatabase import OracleDatabaseSpec
from oracleapi.model.account import AccountAction, ObservedAccount, RefusedHolding
from oracleapi.model.gateway import ApiIdentity, CreateApi, GatewayAction, GatewayContent, GatewayStage, LogGroup
from oracleapi.model.guard import GuardAction, ObservedBinding, ObservedGuard
from oracleapi.model.link import CreateLink, DeleteLink, ObservedLink
from oracleapi.model.parse import Parsed
from oracleapi.model.policy import InvokeVerdict, ObservedPolicy, PolicyAction
from oracleapi.model.role import ObservedRole, RefusedGrant, RoleAction
from oracleapi.model.rollover import GiveProfile, Profile
from oracleapi.model.rotation import KubeSecret, ObservedSecret, Workload, WorkloadKind
from oracleapi.model.schema import ObservedSchema, SchemaAction

Resource = Mapping[str, Any]
"""A Kubernetes object as the API server returns it."""


RoleSet = frozenset[str]
"""Names of roles that are enabled together, and no others."""


class Kubernetes(Protocol):
    """The cluster."""

    def find(self, kind: str, namespace: str | None, name: str) -> Resource | None:
        """Return the object as it is now, or ``None``."""
        ...

    def list(self, kind: str) -> Sequence[Resource]: ...
    def patch_status(self, resource: Resource, status: Mapping[str, Any]) -> Resource:
        """Replace ``status``, guarded by the resource version; the object as stored comes back."""
        ...

    def add_finalizer(self, resource: Resource) -> Resource: ...
    def remove_finalizer(self, resource: Resource) -> None: ...
    def find_secret(self, name: str) -> Mapping[str, str] | None:
        """Return the decoded data of a Secret in the operator's namespace, or ``None``."""
        ...

    def namespace_labels(self, name: str) -> Mapping[str, str]: ...
    def namespace_goes(self, name: str) -> bool:
        """Say whether a namespace is being deleted, or gone: roles in it may be gone already."""
        ...

    def record_event(self, resource: Resource, warning: bool, reason: str, message: str) -> None:
        """Record an Event, as far as it goes: a namespace that is going away takes none, and no pass fails for it."""
        ...


class Gateway(Protocol):
    """API Gateway (HTTP APIs) and the log groups in one account and region."""

    def caller(self) -> "Caller": ...
    def list_apis(self, fresh: bool = False) -> Sequence[ApiIdentity]:
        """Return every HTTP API of the account with its tags; without *fresh* as they were up to 30 s ago."""
        ...

    def find_api(self, api_id: str) -> ApiIdentity | None:
        """Return one API, ``None`` where there is none: what was just made may be missing in the list."""
        ...

    def observe_content(self, api_id: str, detailed: bool) -> GatewayContent:
        """Return authorizers and routes; *detailed* also learns integration ids, at the price of more calls."""
        ...

    def observe_stage(self, api_id: str) -> GatewayStage | None: ...
    def observe_log_group(self, name: str) -> LogGroup | None: ...
    def list_links(self, fresh: bool = False) -> Sequence[ObservedLink]: ...
    def find_link(self, link_id: str) -> ObservedLink | None:
        """Return one link, as :meth:`find_api`."""
        ...

    def create_api(self, action: CreateApi) -> ApiIdentity:
        """Send a create once.

        Raises:
            Uncertain: It was sent and its answer was lost.
        """
        ...

    def create_link(self, action: CreateLink) -> str:
        """Send a create once; returns the link's id. Raises as :meth:`create_api`."""
        ...

    def apply(self, action: GatewayAction | DeleteLink) -> None:
        """Carry out one action that is safe to repeat."""
        ...

    def invoke(self, url: str) -> "Answer":
        """Call a published route, signed as the operator; returns whatever came back, a refusal too.

        Raises:
            OperatorError: Nothing came back; there is nothing to sign with.
        """
        ...


@dataclass(frozen=True)
class Answer:
    """What a caller of an API gets. ``request_id`` is the one that the gateway gave the request."""

    status: int
    request_id: str | None
    body: bytes


@dataclass(frozen=True)
class Caller:
    """Who the operator is in an account."""

    account_id: str
    arn: str


@dataclass(frozen=True)
class DatabaseFacts:
    """What a database says of itself. ``pdb_guid`` is its identity; ``missing`` names rights that are lacking."""

    version: str
    ords_version: str
    pdb_guid: str
    missing: tuple[str, ...]


class Oracle(Protocol):
    """One database as the operator's account sees it."""

    def facts(self) -> DatabaseFacts: ...
    def observe_schema(self, schema: str) -> ObservedSchema: ...
    def apply(self, action: SchemaAction) -> None: ...
    def observe_role(self, name: str, objects: Sequence[str]) -> ObservedRole:
        """Return a role with its grants, and which of *objects* (``OWNER.NAME``) are there.

        Raises:
            Terminal: ``GuardMissing``, schema ORACLEAPI is not there; ``PrivilegesMissing``.
        """
        ...

    def apply_role(self, action: RoleAction) -> Sequence[RefusedGrant]:
        """Carry out one action, safe to repeat; returns the single grants that were refused."""
        ...

    def observe_guard(self, owner: str, schema: str) -> ObservedGuard:
        """Return the guard's rows of an API and of its schema, and what the schema may do without a role.

        Raises:
            Terminal: ``GuardMissing``, ``PrivilegesMissing``.
        """
        ...

    def observe_binding(self, binding: str, api: str, schema: str, role: str) -> ObservedBinding:
        """Return the rows of a binding, and what is known of the role it leads to. Raises as :meth:`observe_guard`."""
        ...

    def apply_guard(self, action: GuardAction) -> None:
        """Carry out one action, safe to repeat."""
        ...

    def observe_account(self, name: str, whole: bool = True) -> ObservedAccount | None:
        """Return an account, or ``None``.

        Args:
            whole: With what it holds and owns, which more views tell than what is asked for otherwise.

        Raises:
            Terminal: ``PrivilegesMissing``, a view may not be read.
        """
        ...

    def observe_profiles(self, source: str, own: str) -> Mapping[str, Profile]:
        """Return those of two profiles that there are, by name. Raises as :meth:`observe_account`."""
        ...

    def apply_profile(self, action: GiveProfile) -> None:
        """Make, change and give a profile; safe to repeat.

        Raises:
            Terminal: ``PrivilegesMissing``, with the right that is lacking.
        """
        ...

    def apply_account(self, action: AccountAction) -> Sequence[RefusedHolding]:
        """Carry out one action by the operator's own rights, safe to repeat; returns what was refused of it.

        Raises:
            Terminal: ``PrivilegesMissing``, with the right that is lacking; ``PasswordRefused``, another password is
                needed.
        """
        ...


Change = Literal["Changed", "Denied", "Unsuitable"]
Proof = Literal["Works", "Expired", "Denied"]


class Logins(Protocol):
    """Accounts of one database, each used with its own password; every method logs in once, outside of any pool.

    Raises:
        Retryable: ``DatabaseUnreachable``; ``Uncertain`` where it may have refused the password.
        Terminal: ``AccountLocked``; ``PrivilegesMissing``, the account may not log in.
    """

    def prove(self, username: str, password: str) -> Proof:
        """Log in and run a query. ``Expired``: the password is right, and must be changed before it is of use."""
        ...

    def change(self, username: str, old: str, new: str) -> Change:
        """Change the password as the account itself, an expired one too.

        Returns:
            ``Denied``: *old* is not its password. ``Unsuitable``: its profile refuses *new* (its verify function, or
            it was used before).
        """
        ...

    def end_rollover(self, username: str, password: str) -> bool:
        """Let the old password end now, as the account itself; ``False``: it may not do that."""
        ...


class Parser(Protocol):
    """Handlers of one database as they parse with roles enabled; none is run."""

    def parse(self, schema: str, wanted: Mapping[RoleSet, Sequence[str]]) -> Mapping[tuple[RoleSet, str], Parsed]:
        """Return what becomes of each statement as *schema* with exactly the roles that it stands under.

        Raises:
            Retryable: ``LoginDenied``, ``DatabaseUnreachable``.
            Terminal: ``PrivilegesMissing``, the account may not act as *schema*; ``GuardIncomplete``, the guard does
                not know the account.
        """
        ...


@dataclass(frozen=True)
class SecretValue:
    """One version of a secret: its keys and values, which its ``repr`` does not show; texts unless said otherwise."""

    version: str
    values: Mapping[str, Any] = field(repr=False)


class Secrets(Protocol):
    """AWS Secrets Manager in one account and region."""

    def read(self, secret_id: str, refused: str | None = None) -> SecretValue:
        """Return the current version of a secret, by name or ARN, as it was up to five minutes ago.

        Args:
            refused: The version that a login was refused with: once for each such version the secret is read anew.

        Raises:
            DependencyNotReady: ``CredentialsMissing``, it is not there, going, or no JSON object.
            Retryable: ``AwsAccessDenied``, to the secret or to its key; ``AwsUnavailable``, ``AwsThrottled``.
        """
        ...


class RotatedSecrets(Protocol):
    """AWS Secrets Manager in one account and region, as a rotation uses it: every call goes out.

    Raises:
        Retryable: ``AwsAccessDenied``, ``AwsUnavailable``, ``AwsThrottled``.
        DependencyNotReady: ``CredentialsMissing``, the secret or the version is not there, or is no JSON object.
    """

    def describe(self, name: str) -> ObservedSecret | None:
        """Return a secret by name or ARN, one that is scheduled for deletion too."""
        ...

    def read(self, name: str, version: str) -> SecretValue:
        """Return a version with all its values, whatever they are, so that the next one can keep them.

        ``username`` and ``password`` are texts, or are left out.
        """
        ...

    def create(
        self, name: str, token: str, values: Mapping[str, Any], tags: Mapping[str, str], kms_key_id: str | None
    ) -> None:
        """Create it with a first version *token*, which gets AWSCURRENT; safe to repeat with the same arguments.

        Raises:
            Terminal: ``Conflict``, somebody else's secret has this name.
        """
        ...

    def put_pending(self, name: str, token: str, values: Mapping[str, Any]) -> None:
        """Store a version *token* with AWSPENDING only; safe to repeat with the same arguments.

        Raises:
            Terminal: ``Conflict``, the version is there with other values.
        """
        ...

    def make_current(self, name: str, token: str, replacing: str) -> bool:
        """Move AWSCURRENT from version *replacing* to *token*; ``False``: it is on neither of them."""
        ...

    def drop_pending(self, name: str, token: str) -> None:
        """Take AWSPENDING from version *token*, where it is."""
        ...

    def restore(self, name: str) -> None: ...
    def delete(self, name: str, recovery_days: int) -> None:
        """Schedule it for deletion; done where it is scheduled or gone."""
        ...

    def tag(self, name: str, tags: Mapping[str, str]) -> None: ...
    def set_key(self, name: str, kms_key_id: str) -> None:
        """Let a KMS key encrypt its labelled versions and each one after; safe to repeat."""
        ...


class Workloads(Protocol):
    """What a rotation touches in namespaces whose Role allows it (chart value ``rotation.namespaces``).

    Raises:
        Retryable: ``RbacMissing``, with the chart value that grants it.
    """

    def read_secret(self, namespace: str, name: str) -> KubeSecret | None: ...
    def write_secret(self, namespace: str, name: str, data: Mapping[str, str], owner: Resource) -> None:
        """Create the Secret or set its whole data, owned by *owner*.

        Raises:
            Terminal: ``Conflict``, a Secret of this name is not ours.
        """
        ...

    def release_secret(self, namespace: str, name: str, owner: Resource) -> None:
        """Take our ownership away, so that the Secret outlives *owner*; done where it is gone or not ours."""
        ...

    def find_workload(self, kind: WorkloadKind, namespace: str, name: str) -> Workload | None: ...
    def restart(self, kind: WorkloadKind, namespace: str, name: str, version: str) -> None:
        """Set our annotation on its pod template to *version*: its controller replaces the pods where it differs."""
        ...


class Iam(Protocol):
    """AWS IAM in one account; it knows no regions."""

    def observe_policy(self, arn: str, attach_path: str | None) -> ObservedPolicy:
        """Return a managed policy and what it is attached to; *attach_path* is that of the roles that may be touched.

        Raises:
            Retryable: ``AwsAccessDenied``, ``AwsUnavailable``, ``AwsThrottled``.
        """
        ...

    def apply(self, action: PolicyAction) -> None:
        """Carry out one action, safe to repeat.

        Raises:
            Retryable: ``Conflict``, the policy is not there yet, or its name is taken at another path; ``AwsRefused``,
                a quota is reached.
            DependencyNotReady: There is no role with the ARN to attach to, or others hold a policy that is to go.
            Terminal: ``AwsRefused``, the role is one that only AWS may change.
        """
        ...

    def may_invoke(self, principal_arn: str, resources: Sequence[str]) -> Mapping[str, InvokeVerdict]:
        """Return what IAM says to *principal_arn* invoking each of *resources*, ARNs of requests without ``*``.

        A question that IAM refuses to answer is a verdict, not an error. It speaks of the principal's own policies:
        what a session or an organisation takes away is not in it.
        """
        ...


class OrdsProbe(Protocol):
    """Plain requests to ORDS without credentials."""

    def ask(self, url: str) -> Answer:
        """Return what ``GET url`` brings, path sent byte for byte; the first few kilobytes of the body.

        Raises:
            Retryable: ``OrdsUnreachable``.
        """
        ...


@dataclass(frozen=True)
class Discovery:
    """A discovery document and its keys, as seen from here. ``faults`` name each failed rule with its cure."""

    jwks_uri: str
    keys: int
    algorithms: tuple[str, ...]
    gateway_faults: tuple[str, ...]
    ords_faults: tuple[str, ...]


class Oidc(Protocol):
    """OpenID Connect discovery."""

    def discover(self, issuer: str, ca_pem: str | None) -> Discovery:
        """Fetch discovery and keys as API Gateway would.

        Raises:
            Retryable: ``DiscoveryFailed``; Terminal: ``IssuerMismatch``.
        """
        ...


class Meter(Protocol):
    """Counts the calls of one account and region to a service that has a quota of its own."""

    def spend(self, operation: str) -> None:
        """Pay for one attempt that is about to be sent.

        Raises:
            OutOfBudget: It must not be sent.
        """
        ...

    def answered(self, status: int, retry_after_s: float | None) -> None: ...


class Backends(Protocol):
    """The world's other sides as reconcilers open them."""

    def gateway(self, spec: AwsAccountSpec, secret: Mapping[str, str] | None) -> Gateway: ...
    def secrets(self, spec: AwsAccountSpec, secret: Mapping[str, str] | None) -> Secrets: ...
    def rotated_secrets(self, spec: AwsAccountSpec, secret: Mapping[str, str] | None) -> RotatedSecrets: ...
    def iam(self, spec: AwsAccountSpec, secret: Mapping[str, str] | None) -> Iam: ...
    def oracle(self, spec: OracleDatabaseSpec, secret: Mapping[str, str], trust: str | None = None) -> Oracle:
        """Open a database; *trust* is PEM text that its TLS is checked with, besides the roots that are known."""
        ...

    def parser(self, spec: OracleDatabaseSpec, secret: Mapping[str, str], trust: str | None = None) -> Parser:
        """Open a database to parse handlers in, with the check account in *secret*; *trust* as for :meth:`oracle`."""
        ...

    def logins(self, spec: OracleDatabaseSpec, trust: str | None = None) -> Logins:
        """Open a database for accounts of any name; *trust* as for :meth:`oracle`."""
        ...

    def probe(self, ca_pem: str | None) -> OrdsProbe: ...
    def oidc(self) -> Oidc: ...


class Adapters(Protocol):
    """Opens the world's other sides; results are shared and cached by what they were opened with."""

    def gateway(self, spec: AwsAccountSpec, secret: Mapping[str, str] | None, meter: Meter) -> Gateway: ...
    def secrets(self, spec: AwsAccountSpec, secret: Mapping[str, str] | None, meter: Meter) -> Secrets: ...
    def rotated_secrets(
        self, spec: AwsAccountSpec, secret: Mapping[str, str] | None, meter: Meter
    ) -> RotatedSecrets: ...
    def iam(self, spec: AwsAccountSpec, secret: Mapping[str, str] | None, meter: Meter) -> Iam: ...
    def oracle(self, spec: OracleDatabaseSpec, secret: Mapping[str, str], trust: str | None = None) -> Oracle:
        """Open a database; *trust* is PEM text that its TLS is checked with, besides the roots that are known."""
        ...

    def parser(self, spec: OracleDatabaseSpec, secret: Mapping[str, str], trust: str | None = None) -> Parser:
        """Open a database to parse handlers in, with the check account in *secret*; *trust* as for :meth:`oracle`."""
        ...

    def logins(self, spec: OracleDatabaseSpec, trust: str | None = None) -> Logins:
        """Open a database for accounts of any name; *trust* as for :meth:`oracle`."""
        ...

    def probe(self, ca_pem: str | None) -> OrdsProbe: ...
    def oidc(self) -> Oidc: ...
