"""The outside world after every action, and what must have been true at each moment of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from oracleapi.model.gateway import CALLER_HEADER, Authorizer, GatewayRoute
from oracleapi.model.hidden import Hidden
from oracleapi.model.rotation import CURRENT
from oracleapi.model.schema import ObservedSchema
from oracleapi.runtime.store import Key
from support.rotations import reachable
from support.small_world import SmallWorld

HandlerKey = tuple[str, str, str]
CACHE_S, LINK_DRAIN_S = 5.0, 1.0


@dataclass(frozen=True)
class Moment:
    """Routes that callers can reach and the schemas behind them, right after *action*.

    *live* are the ids of the APIs that have a stage; *born* the routes of one that just got it; *schemas* by alias;
    *taken* the IAM routes whose gateway key the guard takes.
    """

    time: float
    action: str
    live: frozenset[str]
    born: frozenset[str]
    routes: dict[str, GatewayRoute]
    authorizers: dict[str, Authorizer]
    schemas: dict[str, ObservedSchema]
    taken: frozenset[str]

    def parts_of(self, key: str) -> list[str]:
        """Return the segments of the path that a route sends its callers to."""
        route = self.routes[key]
        assert route.integration is not None, f"{key} leads nowhere"
        found = route.integration.path.replace("$request.path", route.path).strip("/").split("/")
        assert found[0] == "ords", found
        return found

    def schema_of(self, key: str) -> ObservedSchema:
        """Return the schema that a route sends its callers to."""
        alias = self.parts_of(key)[1]
        assert alias in self.schemas, f"after {self.action!r}, {key} leads to {alias}, which is no schema's alias"
        return self.schemas[alias]

    def leads_to(self, key: str) -> HandlerKey:
        """Return the handler that a route sends its callers to; a module's name tells its schema."""
        below = f"/{'/'.join(self.parts_of(key)[2:])}/"
        modules = [found for found in self.schema_of(key).modules.values() if below.startswith(found.base_path)]
        assert modules, f"after {self.action!r}, {key} leads to {below}, where no module is"
        module = max(modules, key=lambda found: len(found.base_path))
        inner = below.removeprefix(module.base_path).strip("/")
        pattern = "/".join(f":{part[1:-1]}" if part.startswith("{") else part for part in inner.split("/")) or "."
        return module.name, pattern, self.routes[key].method

    def ends(self) -> dict[HandlerKey, float]:
        """Return the handlers that callers are sent to, and how long a request that is sent now may need it.

        Link routes go last and are followed by hand-over to ORDS only.
        """
        found: dict[HandlerKey, float] = {}
        for key, route in self.routes.items():
            timeout = route.integration.timeout_ms / 1000 if route.integration is not None else 0.0
            end = LINK_DRAIN_S if route.path.startswith("/ords/") else timeout
            found[self.leads_to(key)] = max(found.get(self.leads_to(key), 0.0), end)
        return found

    def handlers(self) -> set[HandlerKey]:
        return {
            (name, *key)
            for schema in self.schemas.values()
            for name, module in schema.modules.items()
            for key in module.handlers
        }


class History:
    """Records a world from now on."""

    def __init__(self, world: SmallWorld) -> None:
        self.world, self.moments = world, list[Moment]()
        aws, database = world.backends.aws, world.backends.database
        aws.apply = self._recorded(aws.apply)  # type: ignore[method-assign]
        database.apply = self._recorded(database.apply)  # type: ignore[method-assign]
        database.apply_guard = self._recorded(database.apply_guard)  # type: ignore[method-assign]
        world.run = self._read(world.run)  # type: ignore[method-assign]
        self.untrue: list[str] = []
        self.note("start")

    def _read(self, run: Callable[[Key], None]) -> Callable[[Key], None]:
        def ran(key: Key) -> None:
            run(key)
            if key.kind == "OracleApi" and key in self.world.kube.objects:
                self._compare_routes(key)
            elif key.kind == "SecretRotation" and key in self.world.kube.objects:
                self._compare_proof(key)

        return ran

    def _compare_routes(self, key: Key) -> None:
        """Note where the status of an API that stays says of a route that it serves, and it does not."""
        if self.world.kube.objects[key]["metadata"].get("deletionTimestamp"):
            return
        status = self.world.kube.status(*key)
        found = self.world.backends.aws.apis.get(status.get("apiId", ""))
        reached = found.deployed.routes.keys() if found is not None and found.stage is not None else ()
        said = {route["key"] for route in status.get("routes", []) if route["state"] == "Serving"}
        self.untrue += [f"{key.name}: {route} does not serve" for route in sorted(said - {*reached})]

    def _compare_proof(self, key: Key) -> None:
        """Note where a rotation is said to be well, and not that its password works; or that, and it does not."""
        proven = self.world.condition("Verified", key)[0] == "True"
        if self.world.ready(key)[0] == "True" and not (proven and reachable(self.world, CURRENT)):
            self.untrue.append(f"{key.name}: Ready, and Verified is {self.world.condition('Verified', key)}")

    def _recorded(self, apply: Callable[[Any], None]) -> Callable[[Any], None]:
        def recorded(action: Any) -> None:
            try:
                apply(action)
            finally:  # it may have happened although it failed
                self.note(action.describe())

        return recorded

    def note(self, action: str) -> None:
        """Record the world as it is after *action*; what others than the operator change has to be noted by them."""
        apis = {key: found for key, found in self.world.backends.aws.apis.items() if found.stage is not None}
        before = self.moments[-1].live if self.moments else frozenset(apis)
        self.moments.append(
            Moment(
                self.world.clock.time,
                action,
                frozenset(apis),
                frozenset(key for api_id, api in apis.items() if api_id not in before for key in api.deployed.routes),
                {key: route for api in apis.values() for key, route in api.deployed.routes.items()},
                {name: found for api in apis.values() for name, found in api.deployed.authorizers.items()},
                {found.alias or name: found for name, found in self.world.backends.database.schemas.items()},
                frozenset(
                    key for api in apis.values() for key, route in api.deployed.routes.items() if self._taken(route)
                ),
            )
        )

    def _taken(self, route: GatewayRoute) -> bool:
        sent = dict(route.integration.headers).get(CALLER_HEADER) if route.integration is not None else None
        guard = self.world.backends.database.guard
        key = sent.reveal().split(" ")[0] if isinstance(sent, Hidden) else ""
        return bool(guard.managed) and any(guard.takes(owner, key) for owner in guard.keys)

    @property
    def actions(self) -> list[str]:
        return [moment.action for moment in self.moments[1:]]

    def live(self) -> list[Moment]:
        return [moment for moment in self.moments if moment.live]

    def check(self, drains: bool = True, told: bool = True) -> None:
        """Check every live moment: each route has its handler, protection on both sides, and time to be served.

        *drains* is false where the whole API goes: its callers are cut off; *told* where no status could be written.
        """
        for moment in self.live():
            for key, route in moment.routes.items():
                self._check_route(moment, key, route)
        self._check_times(drains)
        assert not (told and self.untrue), f"untrue: {self.untrue}"

    @staticmethod
    def _check_route(moment: Moment, key: str, route: GatewayRoute) -> None:
        handler = moment.leads_to(key)
        assert handler in moment.handlers(), f"after {moment.action!r}, {key} leads to {handler}, which is not there"
        schema = moment.schema_of(key)
        base = schema.modules[handler[0]].base_path
        guards = [
            privilege.name
            for privilege in schema.privileges.values()
            if any(base.startswith(f"{pattern}/") for pattern in privilege.patterns)
        ]
        if route.authorization == "AWS_IAM":  # ORDS asks for nothing: the guard must, or it is the probe
            probe = handler[0].startswith("oa-probe/") and handler[1:] == ("_probe", "GET")
            behind = handler[0].startswith("oa-iam/") and key in moment.taken
            assert probe or behind, f"after {moment.action!r}, {key} comes with no key that the guard takes"
            assert guards == [], f"after {moment.action!r}, {key} is in front of {guards}"
        elif route.authorization == "NONE":
            assert guards == [], f"after {moment.action!r}, {key} is public in front of {guards}"
        else:
            assert route.authorizer in moment.authorizers, f"after {moment.action!r}, {key} has no authorizer"
            assert guards == [route.scope], f"after {moment.action!r}, {key} asks for {route.scope}, ORDS for {guards}"

    def _check_times(self, drains: bool) -> None:
        """Check that no route leads to what ORDS may not know yet, and no handler goes while it may be needed."""
        written = dict.fromkeys(self.moments[0].handlers(), float("-inf"))
        used: dict[HandlerKey, float] = {}  # when a request may last have been sent, and how long it may take
        leading: dict[HandlerKey, float] = {}
        for moment in self.moments:
            for handler in moment.handlers() - written.keys():
                written[handler] = moment.time
            for handler in written.keys() - moment.handlers():
                done = used.get(handler, float("-inf"))
                assert moment.time >= done or not drains, (
                    f"{handler} went {done - moment.time} s before its last request ends"
                )
                del written[handler]
            now = moment.ends()
            newborn = {moment.leads_to(key) for key in moment.born}
            for handler in now.keys() - leading.keys() - newborn:
                age = moment.time - written[handler]
                assert age >= CACHE_S, f"after {moment.action!r}, callers are sent to {handler}, {age} s old"
            for handler, end in [*leading.items(), *now.items()]:
                used[handler] = max(used.get(handler, moment.time), moment.time + end)
            leading = now
