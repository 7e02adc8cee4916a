"""Parses the handlers of bound routes with exactly the roles that callers have, and remembers what came of it.

Nothing waits for it: an account that may not log in, or a database that does not answer it, costs a binding nothing
but the verdict.
"""

import hashlib
import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from oracleapi.api import reasons
from oracleapi.api.oracleapi import OracleApiSpec
from oracleapi.api.oracledatabase import OracleDatabaseSpec
from oracleapi.api.rolebinding import RoleBindingSpec
from oracleapi.desired.mismatches import BindingFacts, roles_of_cells
from oracleapi.desired.schema import build_handler
from oracleapi.errors import OperatorError
from oracleapi.model.line import LineBinding, Subject
from oracleapi.model.parse import Parsed, is_block
from oracleapi.ports import Backends, Parser, Resource, RoleSet
from oracleapi.reconcile.passes import Pass
from oracleapi.reconcile.references import References
from oracleapi.runtime.clock import Clock

HANDLERS_PARSED = "HandlersParsed"
RECHECK_S = 900.0
"""How long a verdict is believed while nothing that is known here has changed."""
REST_S = 900.0
"""How long an account whose login was refused is left alone: accounts lock."""
AGAIN_S = 60.0
"""How long after every other fault nobody asks again: one binding finds it for all."""
KEPT = 20_000
SHOWN = 5
THE_FIELD = "the database's checkAccountSecretRef"

ROLE_FACTS = ("granted", "missing", "extra", "drift")
"""What of an ``OracleRole``'s status stands for its grants."""

Question = tuple[str, RoleSet, str]
"""Where (database, schema, and what is known of the roles' grants), the roles, the statement's hash."""


@dataclass(frozen=True)
class Rest:
    """Why an account is left alone, and until when, unless its Secret changes."""

    digest: str
    until: float
    error: OperatorError


class HandlerChecks:
    """Shared by all bindings."""

    def __init__(self, references: References, backends: Backends, clock: Clock) -> None:
        self._references, self._backends, self._clock = references, backends, clock
        self._known: dict[Question, tuple[float, Parsed]] = {}
        self._rests: dict[tuple[str, str], Rest] = {}
        self._lock = threading.Lock()

    def judge(
        self,
        work: Pass[RoleBindingSpec],
        database: OracleDatabaseSpec,
        api: OracleApiSpec,
        facts: BindingFacts,
        role: Resource,
    ) -> BindingFacts:
        """Return *facts* with the handlers that callers of the binding could not run; says so in a condition.

        Args:
            role: The binding's ``OracleRole``.
        """
        cells = roles_of_cells(work.spec, facts, self._others(work))
        if not cells:
            work.report.clear(HANDLERS_PARSED)
            return facts
        if database.check_account_secret_ref is None:
            text = "not parsed: the OracleDatabase has no checkAccountSecretRef; see docs/bindings.md"
            work.report.say(HANDLERS_PARSED, None, reasons.NOT_PARSED, text)
            return facts
        sources = {route.name: build_handler(route).source for route in api.routes}
        where = json.dumps([database.connection.model_dump(), api.schema_, self._grants(work, role)], sort_keys=True)
        try:
            verdicts = self._ask(
                database, api.schema_, where, {(roles, sources[name]) for (_, name), roles in cells.items()}
            )
        except OperatorError as error:
            work.report.say(HANDLERS_PARSED, None, error.reason, f"not parsed: {error.message}")
            return facts
        found = {cell: verdicts[roles, sources[cell[1]]] for cell, roles in cells.items()}
        _say(work, found, {name for name, source in sources.items() if is_block(source)})
        refused = {cell: (cells[cell], verdict) for cell, verdict in found.items() if verdict.outcome == "Refused"}
        return replace(facts, refused=refused)

    def _others(self, work: Pass[RoleBindingSpec]) -> list[LineBinding]:
        """Return the other bindings of the API that are in the database: their roles come on top."""
        found: list[LineBinding] = []
        for key, resource in self._references.of_kind("RoleBinding"):
            status, api = resource.get("status", {}), resource.get("spec", {}).get("apiRef", {}).get("name")
            bound = any((each["type"], each["status"]) == ("Bound", "True") for each in status.get("conditions", []))
            if key == work.key or key.namespace != work.key.namespace or api != work.spec.api_ref.name or not bound:
                continue
            spec = RoleBindingSpec.model_validate(resource["spec"])
            subjects = tuple(Subject(each.kind, each.name) for each in spec.subjects)
            found.append(LineBinding(key.name, status["roleName"], subjects, spec.routes, spec.expiration_time))
        return found

    def _grants(self, work: Pass[RoleBindingSpec], role: Resource) -> str:
        """Return what stands for the grants of the namespace's roles, as far as their statuses tell them."""
        of_namespace = {
            key.name: found
            for key, found in self._references.of_kind("OracleRole")
            if key.namespace == work.key.namespace
        }
        of_namespace[role["metadata"]["name"]] = role
        known = [
            [name, found["metadata"].get("generation"), *(found.get("status", {}).get(each) for each in ROLE_FACTS)]
            for name, found in sorted(of_namespace.items())
        ]
        return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()

    def _ask(
        self, database: OracleDatabaseSpec, schema: str, where: str, wanted: Iterable[tuple[RoleSet, str]]
    ) -> Mapping[tuple[RoleSet, str], Parsed]:
        now, known, missing = self._clock.monotonic(), dict[tuple[RoleSet, str], Parsed](), dict[RoleSet, list[str]]()
        with self._lock:
            for roles, source in sorted(wanted, key=lambda each: (sorted(each[0]), each[1])):
                until, verdict = self._known.get((where, roles, _hash(source)), (now, Parsed()))
                if until > now:
                    known[roles, source] = verdict
                else:
                    missing.setdefault(roles, []).append(source)
        if not missing:
            return known
        fresh = self._parse(database, schema, missing)
        with self._lock:
            if len(self._known) > KEPT:
                self._known = {question: held for question, held in self._known.items() if held[0] > now}
            for (roles, source), verdict in fresh.items():
                self._known[where, roles, _hash(source)] = (now + RECHECK_S, verdict)
        return known | dict(fresh)

    def _parse(
        self, database: OracleDatabaseSpec, schema: str, missing: Mapping[RoleSet, list[str]]
    ) -> Mapping[tuple[RoleSet, str], Parsed]:
        """Parse in one session; an account that was refused is not tried again for a while."""
        secret = self._references.secret(database.check_account_secret_ref, THE_FIELD)
        digest, account = _hash(json.dumps(dict(secret), sort_keys=True)), _hash(database.connection.model_dump_json())
        now = self._clock.monotonic()
        for place in ((account, ""), (account, schema)):
            rest = self._rests.get(place)
            if rest is not None and rest.digest == digest and rest.until > now:
                raise rest.error.again()
        try:
            parser: Parser = self._backends.parser(
                database, secret, self._references.database_trust(database, "the database's ")
            )
            found = parser.parse(schema, missing)
        except OperatorError as error:
            denied = error.reason == reasons.LOGIN_DENIED  # the account's own fault, whatever the schema
            until = now + (REST_S if denied else AGAIN_S)
            self._rests[account, "" if denied else schema] = Rest(digest, until, error)
            raise
        return found


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _say(work: Pass[RoleBindingSpec], found: Mapping[tuple[Subject, str], Parsed], blocks: set[str]) -> None:
    """Put into a condition what was parsed and what was not."""
    unknown = {
        name: verdict.detail
        for (_, name), verdict in sorted(found.items(), key=lambda each: each[0][1])
        if verdict.outcome == "NotChecked"
    }
    refused = sorted({name for (_, name), verdict in found.items() if verdict.outcome == "Refused"})
    routes = sorted({name for _, name in found})
    only = sorted(blocks & set(routes))
    tail = f"; PL/SQL is parsed only, what it runs inside is not known: {_listed(only)}" if only else ""
    if refused:
        text = f"handlers that callers cannot run: {_listed(refused)}, see status.mismatches"
        work.report.say(HANDLERS_PARSED, False, reasons.MISMATCHES, text + tail)
    elif unknown:
        told = _listed([f"{name}: {why}" for name, why in unknown.items()])
        work.report.say(HANDLERS_PARSED, None, reasons.NOT_PARSED, f"not parsed: {told}{tail}")
    else:
        text = f"handlers of {len(routes)} routes parse with the roles of their callers"
        work.report.say(HANDLERS_PARSED, True, reasons.SUCCEEDED, text + tail)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
