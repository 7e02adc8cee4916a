"""What ORDS itself answers to those who have no business there: groups that are open, and paths that lead elsewhere."""

from collections.abc import Callable, MutableMapping

from oracleapi.api import reasons
from oracleapi.api.oracleapi import OracleApiSpec
from oracleapi.desired.groups import exposed_routes, groups_of, route_group
from oracleapi.model.schema import ObservedSchema
from oracleapi.reconcile.passes import Pass
from oracleapi.reconcile.probes import find_path_trick, probe_groups
from oracleapi.reconcile.resolve_api import Surroundings
from oracleapi.reconcile.routes import Routes
from oracleapi.reconcile.schema_half import SchemaHalf
from oracleapi.runtime.store import Key

PROTECTED = "Every protected group answers 401 without a token"


class ProtectionChecks:
    """Args: unsafe_paths: Findings about path tricks by database name. wake: Asks for a pass of another object."""

    def __init__(self, schema: SchemaHalf, unsafe_paths: MutableMapping[str, str], wake: Callable[[Key], None]) -> None:
        self._schema, self._unsafe_paths, self._wake = schema, unsafe_paths, wake

    def probe(self, work: Pass[OracleApiSpec], around: Surroundings, routes: Routes) -> tuple[str, ...]:
        """Ask without a token; a group that answers is withdrawn. Returns the groups that ORDS does not serve yet."""
        away = {*routes.refused, *routes.unsafe} - routes.kept
        serving = tuple(route for route in work.spec.routes if route.name not in away)
        found = probe_groups(around.api, around.probe, groups_of(work.spec, serving))
        for group, status in found.open:
            for route in serving:
                if route_group(work.spec, route) == group:
                    routes.withdrawn[route.name] = (
                        f"ORDS answers {status} below /{group.slug}/ without a token; the gateway's route goes"
                    )
        if found.open:
            slugs = ", ".join(group.slug for group, _ in found.open)
            work.report.say("Protected", False, reasons.UNPROTECTED, f"ORDS lets callers without a token into {slugs}")
        elif found.waiting:
            work.report.say("Protected", None, reasons.WAITING_FOR_ORDS, "ORDS does not serve every group yet")
        else:
            work.report.say("Protected", True, reasons.SUCCEEDED, PROTECTED)
        return found.waiting

    def find_unsafe(
        self, work: Pass[OracleApiSpec], around: Surroundings, routes: Routes, schema: ObservedSchema
    ) -> bool:
        """Refuse Public routes with variables where ORDS turns a path trick into another path.

        A schema that ORDS does not serve yet answers 404 to everything, so it is asked later, or what another API of
        the database found counts. Returns whether the answer is known.
        """
        exposed = exposed_routes(work.spec)
        if not exposed:
            return True
        name = around.database_name
        known = self._unsafe_paths.get(name)
        served = "endpoint" in work.status or self._schema.cache_left_s(work.uid, around.metadata_cache_s) <= 0
        if schema.modules and served:
            found = find_path_trick(around.api, around.probe)
            if found != known:
                self._unsafe_paths[name] = found
                self._wake(Key("OracleDatabase", None, name))
            known = found
        if known:
            text = f"{known}, and nothing but the path protects a Public route with variables; use auth: JWT"
            routes.unsafe |= {route.name: text for route in exposed}
        return known is not None
