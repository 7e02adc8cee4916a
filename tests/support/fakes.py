"""In-memory doubles of the ports for transition tests: they refuse impossible worlds and count what is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from oracleapi.api.common import FINALIZER
from oracleapi.errors import DependencyNotReady, OperatorError, Retryable, Terminal
from oracleapi.model import gateway as g
from oracleapi.model.account import AccountAction, ObservedAccount, RefusedHolding
from oracleapi.model.guard import GuardAction, ObservedBinding, ObservedGuard
from oracleapi.model.link import CreateLink, DeleteLink, ObservedLink
from oracleapi.model.parse import Parsed, is_block, may_be_parsed
from oracleapi.model.role import ObservedRole, RefusedGrant, RoleAction
from oracleapi.model.rollover import GiveProfile, Profile
from oracleapi.model.schema import ChangeSchema, DisableSchema, EnableSchema, ObservedSchema, SchemaAction
from oracleapi.ports import Answer, Caller, DatabaseFacts, Discovery, SecretValue
from support.fake_guard import FakeGuard
from support.fake_iam import FakeIam
from support.fake_network import FakeNetwork
from support.fake_roles import FakeRoles
from support.fake_rotation import FakeAccounts, FakeLogins, FakeRotatedSecrets
from support.schemas import status_faults


def copied(value: Any) -> Any:
    """Return a copy of what JSON can hold; several times faster than copy.deepcopy, which looks for cycles."""
    if isinstance(value, dict):
        return {key: copied(each) for key, each in value.items()}
    return [copied(each) for each in value] if isinstance(value, list) else value


class FakeClock:
    """A clock that tests drive; ``ahead`` is what the time of day is wrong by."""

    def __init__(self) -> None:
        self.time = 1_000_000.0
        self.ahead = 0.0

    def now(self) -> float:
        return self.time + self.ahead

    def monotonic(self) -> float:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += seconds


class FakeKubernetes:
    """Objects with resource versions, generations, finalizers and a status of their own; writes are counted."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str | None, str], dict[str, Any]] = {}
        self.secrets: dict[str, dict[str, str]] = {}
        self.labels: dict[str, dict[str, str]] = {}
        self.going: set[str] = set()
        self.events: list[tuple[str, str, str, str]] = []
        self.writes: list[str] = []
        self._version = 0

    def apply(self, resource: Mapping[str, Any]) -> None:
        """Create or edit an object, as a user does."""
        key = self._key(resource)
        self._version += 1
        old = self.objects.get(key)
        new = copied(dict(resource))
        metadata = {**(old["metadata"] if old else {}), **new["metadata"]}
        metadata["resourceVersion"] = str(self._version)
        metadata.setdefault("uid", f"uid-{key[2]}")
        metadata.setdefault("creationTimestamp", f"2026-01-01T00:00:{self._version:02d}Z")
        changed = old is None or old["spec"] != new["spec"]
        metadata["generation"] = metadata.get("generation", 0) + (1 if changed else 0)
        new["metadata"] = metadata
        new["status"] = old["status"] if old else {"observedGeneration": -1}
        self.objects[key] = new

    def delete(self, kind: str, namespace: str | None, name: str) -> None:
        """Delete an object, as a user does: it stays while it has finalizers."""
        found = self.objects[(kind, namespace, name)]
        if not found["metadata"].get("finalizers"):
            del self.objects[(kind, namespace, name)]
            return
        self._version += 1
        found["metadata"] |= {"deletionTimestamp": "2026-01-02T00:00:00Z", "resourceVersion": str(self._version)}

    def status(self, kind: str, namespace: str | None, name: str) -> dict[str, Any]:
        return dict(self.objects[(kind, namespace, name)]["status"])

    def find(self, kind: str, namespace: str | None, name: str) -> Mapping[str, Any] | None:
        found = self.objects.get((kind, namespace, name))
        return copied(found) if found is not None else None

    def list(self, kind: str) -> Sequence[Mapping[str, Any]]:
        return [copied(found) for key, found in self.objects.items() if key[0] == kind]

    def patch_status(self, resource: Mapping[str, Any], status: Mapping[str, Any]) -> Mapping[str, Any]:
        found = self._guarded(resource)
        assert found["status"] != dict(status), "a status write that changes nothing"
        assert not (faults := status_faults(found["kind"], status)), faults
        found["status"] = copied(dict(status))
        return self._written(found, "status")

    def add_finalizer(self, resource: Mapping[str, Any]) -> Mapping[str, Any]:
        found = self._guarded(resource)
        assert not found["metadata"].get("deletionTimestamp"), "a finalizer on an object that is being deleted"
        found["metadata"].setdefault("finalizers", []).append(FINALIZER)
        return self._written(found, "finalizer")

    def remove_finalizer(self, resource: Mapping[str, Any]) -> None:
        found = self._guarded(resource)
        found["metadata"]["finalizers"].remove(FINALIZER)
        self._written(found, "finalizer")
        if found["metadata"].get("deletionTimestamp") and not found["metadata"]["finalizers"]:
            del self.objects[self._key(found)]

    def find_secret(self, name: str) -> Mapping[str, str] | None:
        return self.secrets.get(name)

    def namespace_labels(self, name: str) -> Mapping[str, str]:
        return self.labels.get(name, {})

    def namespace_goes(self, name: str) -> bool:
        return name in self.going

    def record_event(self, resource: Mapping[str, Any], warning: bool, reason: str, message: str) -> None:
        self.events.append((resource["metadata"]["name"], "Warning" if warning else "Normal", reason, message))

    @staticmethod
    def _key(resource: Mapping[str, Any]) -> tuple[str, str | None, str]:
        metadata = resource["metadata"]
        return resource["kind"], metadata.get("namespace"), metadata["name"]

    def _guarded(self, resource: Mapping[str, Any]) -> dict[str, Any]:
        found = self.objects.get(self._key(resource))
        if found is None:
            raise Retryable("Conflict", "the API server answered 404: the object is gone")
        if found["metadata"]["resourceVersion"] != resource["metadata"]["resourceVersion"]:
            raise Retryable("Conflict", "the object changed meanwhile")
        return found

    def _written(self, found: dict[str, Any], what: str) -> Mapping[str, Any]:
        self._version += 1
        found["metadata"]["resourceVersion"] = str(self._version)
        self.writes.append(f"{what} {found['kind']}/{found['metadata']['name']}")
        return copied(found)


@dataclass
class FakeApi:
    """An HTTP API in the fake account."""

    identity: g.ApiIdentity
    authorizers: dict[str, g.Authorizer] = field(default_factory=dict)
    routes: dict[str, g.GatewayRoute] = field(default_factory=dict)
    stage: g.GatewayStage | None = None
    ids: dict[g.Integration, str] = field(default_factory=dict)
    held: g.GatewayContent | None = None

    @property
    def deployed(self) -> g.GatewayContent:
        """What callers meet: the last deployment, which auto-deploy makes after every change."""
        return self.held or g.GatewayContent(dict(self.authorizers), dict(self.routes))

    def deploy(self) -> None:
        """Let callers meet what is there now."""
        self.held = g.GatewayContent(dict(self.authorizers), dict(self.routes))

    def changed(self) -> None:
        """Note a change of the content: with auto-deploy callers meet it at once."""
        if self.stage is not None and self.stage.auto_deploy:
            self.held = None

    def integration_id(self, integration: g.Integration | None) -> str | None:
        """Return the id of an integration; equal contents are one integration, which keeps its id when it changes."""
        return None if integration is None else self.ids.setdefault(integration, f"i{len(self.ids)}")


CHANGES_CONTENT = (
    g.UpdateApi, g.CreateAuthorizer, g.UpdateAuthorizer, g.DeleteAuthorizer, g.UpdateIntegration, g.CreateRoute,
    g.UpdateRoute, g.DeleteRoute, g.PruneIntegrations,
)  # fmt: skip


class FakeGateway:
    """API Gateway of one account, with referential checks.

    ``calls`` lists every call that counts against the account's quota, ``invoked`` those that are callers' of an API.
    """

    def __init__(self) -> None:
        self.apis: dict[str, FakeApi] = {}
        self.links: dict[str, ObservedLink] = {}
        self.log_groups: dict[str, g.LogGroup] = {}
        self.calls: list[str] = []
        self.faults: dict[str, list[OperatorError | None]] = {}
        self.drop_mappings = False
        self.resume_publishes = False  # whether turning auto-deploy on makes a deployment
        self.network = FakeNetwork({})
        self.invoked: list[str] = []
        self._serial = 0

    def caller(self) -> Caller:
        self._call("caller")
        return Caller("123456789012", "arn:aws:iam::123456789012:role/operator")

    def list_apis(self, fresh: bool = False) -> Sequence[g.ApiIdentity]:
        self._call("list_apis")
        return [api.identity for api in self.apis.values()]

    def find_api(self, api_id: str) -> g.ApiIdentity | None:
        self._call("find_api")
        return self.apis[api_id].identity if api_id in self.apis else None

    def find_link(self, link_id: str) -> ObservedLink | None:
        self._call("find_link")
        return self.links.get(link_id)

    def observe_content(self, api_id: str, detailed: bool) -> g.GatewayContent:
        self._call("observe_content" + ("+ids" if detailed else ""))
        api = self.apis[api_id]
        routes = {
            key: replace(route, integration_id=api.integration_id(route.integration) if detailed else None)
            for key, route in api.routes.items()
        }
        return g.GatewayContent(dict(api.authorizers), routes)

    def observe_stage(self, api_id: str) -> g.GatewayStage | None:
        self._call("observe_stage")
        return self.apis[api_id].stage

    def observe_log_group(self, name: str) -> g.LogGroup | None:
        self._call("observe_log_group")
        return self.log_groups.get(name)

    def list_links(self, fresh: bool = False) -> Sequence[ObservedLink]:
        self._call("list_links")
        return list(self.links.values())

    def create_api(self, action: g.CreateApi) -> g.ApiIdentity:
        fault = self._call("CreateApi", happens=True)
        self._serial += 1
        api_id = f"api{self._serial}"
        endpoint = f"https://{api_id}.execute-api.eu-west-1.amazonaws.com"
        identity = g.ApiIdentity(api_id, action.name, endpoint, dict(action.tags), f"{self._serial:04d}")
        self.apis[api_id] = FakeApi(identity)
        if fault is not None:
            raise fault
        return identity

    def create_link(self, action: CreateLink) -> str:
        fault = self._call("CreateVpcLink", happens=True)
        self._serial += 1
        link_id = f"link{self._serial}"
        desired = action.desired
        self.links[link_id] = ObservedLink(
            link_id, desired.name, "PENDING", "", dict(desired.tags), f"{self._serial:04d}", desired.subnet_ids,
            desired.security_group_ids,
        )  # fmt: skip
        if fault is not None:
            raise fault
        return link_id

    def invoke(self, url: str) -> Answer:
        self.invoked.append(url)
        return self.network.answer(self.apis.values(), self.links, url)

    def apply(self, action: g.GatewayAction | DeleteLink) -> None:
        self._call(type(action).__name__)
        getattr(self, f"_apply_{type(action).__name__}")(action)
        if isinstance(action, CHANGES_CONTENT) and action.api_id in self.apis:
            self.apis[action.api_id].changed()

    def _call(self, name: str, happens: bool = False) -> OperatorError | None:
        self.calls.append(name)
        queue = self.faults.get(name, [])
        fault = queue.pop(0) if queue else None
        if fault is not None and not happens:
            raise fault
        return fault

    def _apply_ImportApi(self, action: g.ImportApi) -> None:  # noqa: N802
        api = self.apis[action.api_id]
        assert api.stage is None, "an import touched a live API"
        api.authorizers = dict(action.desired.authorizers)
        api.routes = dict(action.desired.routes)
        if self.drop_mappings:
            api.routes = {
                key: replace(route, integration=replace(route.integration, path="", headers=()))
                for key, route in api.routes.items()
                if route.integration is not None
            }
        api.identity = replace(api.identity, name=action.desired.name, tags=dict(action.desired.tags))

    def _apply_UpdateApi(self, action: g.UpdateApi) -> None:  # noqa: N802
        api = self.apis[action.api_id]
        api.identity = replace(api.identity, name=action.name)

    def _apply_TagApi(self, action: g.TagApi) -> None:  # noqa: N802
        api = self.apis[action.api_id]
        api.identity = replace(api.identity, tags={**api.identity.tags, **action.tags})

    def _apply_CreateAuthorizer(self, action: g.CreateAuthorizer) -> None:  # noqa: N802
        self.apis[action.api_id].authorizers[action.authorizer.name] = action.authorizer

    _apply_UpdateAuthorizer = _apply_CreateAuthorizer  # noqa: N815

    def _apply_DeleteAuthorizer(self, action: g.DeleteAuthorizer) -> None:  # noqa: N802
        api = self.apis[action.api_id]
        assert all(route.authorizer != action.name for route in api.routes.values()), "authorizer in use"
        del api.authorizers[action.name]

    def _apply_UpdateIntegration(self, action: g.UpdateIntegration) -> None:  # noqa: N802
        api = self.apis[action.api_id]
        (old,) = [content for content, found in api.ids.items() if found == action.integration_id]
        assert old == action.observed, "an update of an integration that was not read before"
        api.ids.setdefault(action.desired, api.ids.pop(old))
        api.routes = {
            key: replace(route, integration=action.desired) if route.integration == old else route
            for key, route in api.routes.items()
        }

    def _apply_CreateRoute(self, action: g.CreateRoute) -> None:  # noqa: N802
        api = self.apis[action.api_id]
        if action.route.key in api.routes:
            raise Retryable("Conflict", f"Route with key {action.route.key} already exists for this API")
        self._put_route(api, action.route)

    def _apply_UpdateRoute(self, action: g.UpdateRoute) -> None:  # noqa: N802
        api = self.apis[action.api_id]
        assert action.route.key in api.routes, "an update of a route that is not there"
        self._put_route(api, action.route)

    @staticmethod
    def _put_route(api: FakeApi, route: g.GatewayRoute) -> None:
        assert route.authorizer is None or route.authorizer in api.authorizers, "a route without its authorizer"
        api.routes[route.key] = route

    def _apply_DeleteRoute(self, action: g.DeleteRoute) -> None:  # noqa: N802
        self.apis[action.api_id].routes.pop(action.key, None)

    def _apply_PruneIntegrations(self, action: g.PruneIntegrations) -> None:  # noqa: N802
        assert action.api_id in self.apis

    def _apply_EnsureLogGroup(self, action: g.EnsureLogGroup) -> None:  # noqa: N802
        self.log_groups[action.log_group.name] = action.log_group

    def _apply_CreateStage(self, action: g.CreateStage) -> None:  # noqa: N802
        api = self.apis[action.api_id]
        assert api.stage is None, "a second stage"
        self._check_throttles(api, action.stage.route_throttles)
        api.stage, api.held = action.stage, None

    def _apply_UpdateStage(self, action: g.UpdateStage) -> None:  # noqa: N802
        api = self.apis[action.api_id]
        assert api.stage is not None
        self._check_throttles(api, action.throttles)
        resumed = action.stage.auto_deploy and not api.stage.auto_deploy
        merged = {**api.stage.route_throttles, **action.throttles}
        api.stage = replace(action.stage, route_throttles=merged)
        if resumed and self.resume_publishes:
            api.held = None

    def _apply_HoldDeployments(self, action: g.HoldDeployments) -> None:  # noqa: N802
        api = self.apis[action.api_id]
        assert api.stage is not None
        api.held = api.deployed
        api.stage = replace(api.stage, auto_deploy=False)

    def _apply_Deploy(self, action: g.Deploy) -> None:  # noqa: N802
        api = self.apis[action.api_id]
        assert api.stage is not None
        assert not api.stage.auto_deploy, "a deployment for a stage that deploys by itself"
        api.deploy()

    @staticmethod
    def _check_throttles(api: FakeApi, throttles: Mapping[str, g.Throttle]) -> None:
        for key in throttles:
            if key not in api.routes:
                raise Terminal("AwsRefused", f"Unable to find Route by key {key} within the provided RouteSettings")

    def _apply_DeleteRouteThrottle(self, action: g.DeleteRouteThrottle) -> None:  # noqa: N802
        api = self.apis[action.api_id]
        assert api.stage is not None
        left = {key: value for key, value in api.stage.route_throttles.items() if key != action.key}
        api.stage = replace(api.stage, route_throttles=left)

    def _apply_DeleteStage(self, action: g.DeleteStage) -> None:  # noqa: N802
        self.apis[action.api_id].stage = None

    def _apply_DeleteApi(self, action: g.DeleteApi) -> None:  # noqa: N802
        self.apis.pop(action.api_id, None)

    def _apply_DeleteLink(self, action: DeleteLink) -> None:  # noqa: N802
        link = self.links[action.link_id]
        self.links[action.link_id] = replace(link, state="DELETING")


class FakeOracle:
    """A database with schemas; ``serving`` is what ORDS would serve, for the probe."""

    def __init__(self, *schemas: str) -> None:
        self.schemas = {name: ObservedSchema(name, exists=True) for name in schemas}
        self.guid = "A1B2"
        self.roles = FakeRoles(objects={"HR.EMPLOYEES", "HR.JOBS"})
        self.guard = FakeGuard(self.roles)
        self.accounts = FakeAccounts()
        self.calls: list[str] = []
        self.down: OperatorError | None = None

    def facts(self) -> DatabaseFacts:
        self._call("facts")
        return DatabaseFacts("19.22.0.0.0", "26.3.0", self.guid, ())

    def observe_schema(self, schema: str) -> ObservedSchema:
        self._call("observe_schema")
        return replace(self.schemas.get(schema, ObservedSchema(schema, exists=False)), pdb_guid=self.guid)

    def apply(self, action: SchemaAction) -> None:
        self._call(type(action).__name__)
        found = self.schemas[action.schema]
        match action:
            case EnableSchema():
                marks = () if action.mark is None else (action.mark,)
                marked = ChangeSchema(action.schema, roles=action.roles, privileges=marks)
                found = replace(found, alias=action.alias, enabled=True)
                self.schemas[action.schema] = self._changed(found, marked)
            case DisableSchema():
                unmarked = ChangeSchema(
                    action.schema, delete_privileges=action.delete_privileges, delete_roles=action.delete_roles
                )
                self.schemas[action.schema] = replace(self._changed(found, unmarked), enabled=False)
            case ChangeSchema():
                self.schemas[action.schema] = self._changed(found, action)

    def observe_role(self, name: str, objects: Sequence[str]) -> ObservedRole:
        self._call("observe_role")
        return self.roles.observe(name, objects)

    def apply_role(self, action: RoleAction) -> Sequence[RefusedGrant]:
        self._call(type(action).__name__)
        return self.roles.apply(action)

    def observe_guard(self, owner: str, schema: str) -> ObservedGuard:
        self._call("observe_guard")
        return self.guard.observe_api(owner, schema)

    def observe_binding(self, binding: str, api: str, schema: str, role: str) -> ObservedBinding:
        self._call("observe_binding")
        return self.guard.observe_binding(binding, api, schema, role)

    def apply_guard(self, action: GuardAction) -> None:
        self._call(type(action).__name__)
        self.guard.apply(action)

    def observe_account(self, name: str, whole: bool = True) -> ObservedAccount | None:
        self._call("observe_account")
        return self.accounts.observe(name, whole)

    def observe_profiles(self, source: str, own: str) -> dict[str, Profile]:
        self._call("observe_profiles")
        return self.accounts.profiles_of(source, own)

    def apply_profile(self, action: GiveProfile) -> None:
        self._call("GiveProfile")
        self.accounts.give(action)

    def apply_account(self, action: AccountAction) -> Sequence[RefusedHolding]:
        self._call(type(action).__name__)
        return self.accounts.apply(action)

    def _changed(self, found: ObservedSchema, action: ChangeSchema) -> ObservedSchema:
        assert found.enabled, "metadata of a schema that is not enabled"
        modules = {name: module for name, module in found.modules.items() if name not in action.delete_modules}
        for module in action.modules:
            assert module.name not in modules, "ORA-00001: DEFINE_MODULE on an existing module"
            modules[module.name] = module
        privileges = {**found.privileges, **{privilege.name: privilege for privilege in action.privileges}}
        for name in action.delete_privileges:
            del privileges[name]
        assert not found.roles & set(action.roles), "CREATE_ROLE of an existing role"
        roles = (found.roles | set(action.roles)) - set(action.delete_roles)
        for privilege in privileges.values():
            assert set(privilege.roles) <= roles, "a privilege with an unknown role"
        profile = None if action.drop_profile else found.profile
        if action.profile is not None:
            assert profile is None, "a second JWT profile"
            profile = action.profile
        return replace(found, modules=modules, privileges=privileges, roles=roles, profile=profile)

    def _call(self, name: str) -> None:
        if self.down is not None:
            raise self.down
        self.calls.append(name)


class FakeProbe:
    """ORDS as the probe sees it: 401 below a protected pattern, 404 elsewhere, ``answers`` by part of the URL first."""

    def __init__(self, oracle: FakeOracle) -> None:
        self.oracle = oracle
        self.answers: dict[str, int] = {}
        self.urls: list[str] = []
        self.hooked = True  # ORDS calls the guard

    def ask(self, url: str) -> Answer:
        status = self._status(url)
        closed = url.endswith("/_closed") and (status, self.hooked) == (200, True)
        return Answer(403, None, b'{"route": "_closed"}') if closed else Answer(status, None, b"{}")

    def _status(self, url: str) -> int:
        self.urls.append(url)
        for part, status in self.answers.items():
            if part in url:
                return status
        path = url.removeprefix("https://ords.internal/ords")
        for schema in self.oracle.schemas.values():
            start = f"/{schema.alias}"
            for privilege in schema.privileges.values():
                patterns = [pattern.removesuffix("*") for pattern in privilege.patterns]
                if schema.enabled and any(path.startswith(start + pattern) for pattern in patterns):
                    return 401
            for module in schema.modules.values():
                if url.endswith("/_closed") and path == f"{start}{module.base_path}_closed" and schema.enabled:
                    return 200
        return 200 if path == "/" else 404


class FakeSecrets:
    """Secrets Manager: the current value of each secret, by version."""

    def __init__(self) -> None:
        self.values: dict[str, SecretValue] = {}
        self.reads: list[str] = []
        self.faults: list[OperatorError] = []  # raised by the next reads, one each

    def put(self, secret_id: str, version: str, **values: str) -> None:
        self.values[secret_id] = SecretValue(version, values)

    def read(self, secret_id: str, refused: str | None = None) -> SecretValue:
        self.reads.append(secret_id)
        if self.faults:
            raise self.faults.pop(0)
        if secret_id not in self.values:
            raise DependencyNotReady("CredentialsMissing", f"secret {secret_id} is not there; create it", 60.0)
        return self.values[secret_id]


class FakeOidc:
    def __init__(self) -> None:
        self.found = Discovery("https://idp.example.com/keys", 1, ("RS256",), (), ())

    def discover(self, issuer: str, ca_pem: str | None) -> Discovery:
        return self.found


class FakeParser:
    """Fulfils :class:`oracleapi.ports.Parser`: a statement parses unless a word of it is asked of roles without it.

    Args:
        objects: The roles that may use an object, by a word that statements use it with.
        fault: What opening a session meets.
        asked: Schema and (roles, statement) of everything that was parsed, session by session.
    """

    def __init__(self) -> None:
        self.objects: dict[str, set[str]] = {}
        self.fault: OperatorError | None = None
        self.asked: list[tuple[str, set[tuple[frozenset[str], str]]]] = []

    def parse(self, schema: str, wanted: Any) -> dict[tuple[frozenset[str], str], Parsed]:
        self.asked.append((schema, {(roles, text) for roles, texts in wanted.items() for text in texts}))
        if self.fault is not None:
            raise self.fault
        return {(roles, text): self._verdict(roles, text) for roles, texts in wanted.items() for text in texts}

    def _verdict(self, roles: frozenset[str], text: str) -> Parsed:
        if not may_be_parsed(text):
            return Parsed("NotChecked", detail="not sent")
        for word, takes in self.objects.items():
            if word in text and not takes & roles:
                inner = "ORA-00942" if is_block(text) else ""
                return Parsed("Refused", "ORA-06550" if inner else "ORA-00942", word.upper(), inner)
        return Parsed()


class RefusedLogin:
    """A database to which nobody can log in with this password."""

    def __getattr__(self, name: str) -> Any:
        def refused(*_: Any) -> Any:
            raise Retryable("LoginDenied", "ORA-01017", 120.0)

        return refused


class FakeBackends:
    """All fakes together."""

    def __init__(self) -> None:
        self.aws = FakeGateway()
        self.database = FakeOracle("HR_API", "SALES_API")
        self.aws.network = FakeNetwork(self.database.schemas)
        self.ords = FakeProbe(self.database)
        self.provider = FakeOidc()
        self.secret_store = FakeSecrets()
        self.rotated = FakeRotatedSecrets()
        self.log_ons = FakeLogins(self.database.accounts)
        self.policies = FakeIam()
        self.handlers = FakeParser()
        self.password: str | None = None  # the only one that the database takes; None takes any

    def gateway(self, spec: Any, secret: Any, meter: Any = None) -> FakeGateway:
        return self.aws

    def oracle(self, spec: Any, secret: Any, trust: Any = None) -> Any:
        right = self.password is None or secret["password"] == self.password
        return self.database if right else RefusedLogin()

    def parser(self, spec: Any, secret: Any, trust: Any = None) -> FakeParser:
        return self.handlers

    def secrets(self, spec: Any, secret: Any, meter: Any = None) -> FakeSecrets:
        return self.secret_store

    def rotated_secrets(self, spec: Any, secret: Any, meter: Any = None) -> FakeRotatedSecrets:
        return self.rotated

    def logins(self, spec: Any, trust: Any = None) -> FakeLogins:
        return self.log_ons

    def iam(self, spec: Any, secret: Any, meter: Any = None) -> FakeIam:
        return self.policies

    def probe(self, ca_pem: str | None) -> FakeProbe:
        return self.ords

    def oidc(self) -> FakeOidc:
        return self.provider
