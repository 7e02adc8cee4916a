"""What the line predicts of a caller is what the guard's own text decides, for random callers, routes and bindings."""

import hashlib
import random

import oracledb

from oracleapi.desired.line import decide
from oracleapi.model.line import Decision, LineBinding, LineRoute
from support.guard_requests import BASE, KEY, PUBLIC, SIGNED, Answer, Pool, Request, faults
from support.line_worlds import HELD, NOW, Arrival, guard_line, in_table, random_arrival, random_bindings

WORLDS, REQUESTS = 100, 10
PATHS = {
    "list": f"{BASE}/employees",
    "one": f"{BASE}/employees/7",
    "me": f"{BASE}/employees/me",
    "health": f"{PUBLIC}/health",
    "pay": f"{SIGNED}/pay",
}


def test_the_guard_decides_what_the_line_predicts(pool: Pool, dba: oracledb.Cursor) -> None:
    rng = random.Random("the line")  # noqa: S311 - a world to test in, no secret
    digest = hashlib.sha256(KEY.encode()).hexdigest().upper()
    dba.execute(
        "insert into oracleapi.gateway_key (owner, key_hash, not_after) values ('api', :digest, null)", digest=digest
    )
    wrong, outcomes = [], set()
    for _ in range(WORLDS):
        bindings, required = random_bindings(rng), rng.random() < 0.7
        write(dba, bindings, required)
        line = guard_line(bindings, required)
        for _ in range(REQUESTS):
            arrival, route = random_arrival(rng), rng.choice(line.api.routes)
            predicted = decide(line, arrival.caller, route, NOW)
            answer = pool.ask(request(arrival, route))
            told = refusal(dba)
            outcomes.add((route.auth, predicted.refusal, len(predicted.roles), bool(predicted.lost)))
            if verdict(answer, told) != expected(predicted):
                wrong.append((bindings, arrival, route, predicted, answer, told))
    assert wrong == []
    assert len(outcomes) >= 14, "the worlds are too much alike"


def write(dba: oracledb.Cursor, bindings: tuple[LineBinding, ...], required: bool) -> None:
    """Put bindings into the guard's table, as the operator does: one row for each route and subject."""
    dba.execute("delete from oracleapi.binding")
    dba.execute("update oracleapi.api set require_binding = :required", required=int(required))
    rows = {
        (binding.name, route, subject.kind, in_table(subject), binding.role, ends(binding))
        for binding in bindings
        for route in binding.routes
        for subject in binding.subjects
    }
    if rows:
        dba.executemany(
            "insert into oracleapi.binding values (:1, 'api', :2, :3, :4, :5,"
            " case when :6 = 0 then null else systimestamp + numtodsinterval(:7, 'HOUR') end)",
            [(*row, row[-1]) for row in sorted(rows)],
        )
    dba.connection.commit()


def ends(binding: LineBinding) -> int:
    """Return in how many hours a binding ends, 0 for never."""
    return 0 if binding.expires is None else round((binding.expires - NOW).total_seconds() / 3600)


def request(arrival: Arrival, route: LineRoute) -> Request:
    caller = None if arrival.arn is None else f"{KEY} {arrival.arn} GET /hr/v1/pay"
    return Request(path=PATHS[route.name], claims=arrival.claims, caller=caller)


def refusal(dba: oracledb.Cursor) -> str | None:
    """Return why the guard refused, and forget it."""
    found = [reason for reason, _ in faults(dba) if reason != "RoleNotGranted"]
    dba.execute("delete from oracleapi.fault")
    dba.connection.commit()
    return found[0] if found else None


def verdict(answer: Answer, told: str | None) -> tuple[bool, str | None, set[str]]:
    return answer.allowed, told, answer.roles & {*HELD}


def expected(predicted: Decision) -> tuple[bool, str | None, set[str]]:
    return predicted.refusal is None, predicted.refusal, {*predicted.roles}
