"""``trace``: one request through gateway, ORDS, guard and database; each source says what it holds, or why not."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import oracledb
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from oracleapi.cli.errors import CliError
from oracleapi.cli.logs import Logs
from oracleapi.cli.objects import Resource, Snapshot, namespace_of, reference, title
from oracleapi.cli.output import table, words
from oracleapi.cli.sessions import code_of, session, told

REQUEST_ID = re.compile(r"[A-Za-z0-9_=+/.-]{6,128}")
STYLES = {"Found": ("✔", "green"), "NotFound": ("○", "dim"), "NotRead": ("?", "yellow")}
AUDIT = (
    "select event_timestamp, dbusername, action_name, object_schema, object_name, return_code, client_identifier"
    " from unified_audit_trail where client_identifier = :id or client_identifier like :beginning escape '\\'"
    " order by event_timestamp"
)
FAULTS = "select seen, schema_name, route, reason, detail from oracleapi.fault where request_id = :id order by seen"


@dataclass(frozen=True)
class Source:
    """One place that may know of a request.

    Args:
        outcome: Found, NotFound or NotRead.
        why: For what was not found or not read.
    """

    name: str
    place: str
    outcome: str
    why: str = ""
    entries: tuple[dict[str, Any], ...] = field(default=())

    def data(self) -> dict[str, Any]:
        found = {"source": self.name, "place": self.place, "outcome": self.outcome}
        return found | ({"why": self.why} if self.why else {"entries": list(self.entries)})


def check_request_id(text: str) -> str:
    """Return a request id.

    Raises:
        CliError: It cannot be one.
    """
    if not REQUEST_ID.fullmatch(text):
        raise CliError(
            f"{text!r} is no request id; callers get it in the header apigw-requestid, such as JKJaXmPLvHcESHA="
        )
    return text


def gateway(snapshot: Snapshot, apis: list[Resource], request_id: str, hours: int, region: str | None) -> list[Source]:
    """Return what the access logs of *apis* hold."""
    return [_gateway(snapshot, api, request_id, hours, region) for api in apis]


def _gateway(snapshot: Snapshot, api: Resource, request_id: str, hours: int, region: str | None) -> Source:
    def look() -> Source:
        logs = Logs(region or _region(snapshot, api))
        group = logs.access_log(namespace_of(api) or "", api["metadata"]["name"])
        if group is None:
            return Source(
                "gateway", title(api), "NotFound", "the API has no access log group in this account and region"
            )
        return _events("gateway", group, logs, request_id, hours)

    return _tried("gateway", title(api), look)


def ords(snapshot: Snapshot, apis: list[Resource], request_id: str, hours: int, region: str | None) -> list[Source]:
    """Return what the access logs of ORDS hold, one for each database of *apis*."""
    found = []
    for name in dict.fromkeys(reference(api, "databaseRef") for api in apis):
        database = snapshot.find("OracleDatabase", name)
        log = (database["spec"]["ords"].get("accessLog") or {}) if database is not None else {}
        if database is None:
            found.append(Source("ords", name, "NotRead", f"OracleDatabase {name} was not read"))
        elif not log.get("logGroup"):
            found.append(Source("ords", name, "NotRead", f"OracleDatabase {name} names no log group (ords.accessLog)"))
        else:
            account = snapshot.find("AwsAccount", reference(database, "ords", "accessLog", "accountRef"))
            where = region or (account["spec"]["region"] if account else None)
            group = log["logGroup"]
            found.append(_tried("ords", group, _reader("ords", group, where, request_id, hours)))
    return found


def _reader(name: str, group: str, region: str | None, request_id: str, hours: int) -> Callable[[], Source]:
    return lambda: _events(name, group, Logs(region), request_id, hours)


def _events(name: str, group: str, logs: Logs, request_id: str, hours: int) -> Source:
    events = logs.find(group, request_id, datetime.now(UTC) - timedelta(hours=hours))
    entries = tuple({"time": _time(event["time"]), **_fields(event["message"])} for event in events)
    return Source(
        name, group, "Found" if entries else "NotFound", "" if entries else f"nothing in the last {hours} h", entries
    )


def _region(snapshot: Snapshot, api: Resource) -> str | None:
    database = snapshot.find("OracleDatabase", reference(api, "databaseRef"))
    link = snapshot.find("VpcLink", reference(database, "ords", "gatewayTarget", "vpcLinkRef")) if database else None
    account = snapshot.find("AwsAccount", reference(link, "accountRef")) if link else None
    return account["spec"]["region"] if account else None


def _time(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _fields(message: str) -> dict[str, Any]:
    """Return an access log line's fields; a line that is no JSON object as it is."""
    try:
        found = json.loads(message)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return {"message": message}
    return {key: value for key, value in found.items() if value not in ("-", "") and key not in ("requestId", "time")}


def database(dsn: str | None, user: str | None, request_id: str) -> list[Source]:
    """Return what guard and audit trail hold; one session for both."""
    place = dsn or "database"
    if not dsn:
        why = "no --dsn and --user were named"
        return [Source(name, place, "NotRead", why) for name in ("guard", "audit")]
    try:
        with session(dsn, user) as opened:
            return [
                _rows("guard", opened, request_id, FAULTS, {"id": request_id}),
                _rows("audit", opened, request_id, AUDIT, {"id": request_id, "beginning": f"{_escaped(request_id)}|%"}),
            ]
    except CliError as error:
        return [Source(name, place, "NotRead", error.message) for name in ("guard", "audit")]


def _escaped(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)


RIGHTS = {
    "guard": "you need SELECT on ORACLEAPI.FAULT, and the guard must be installed",
    "audit": "you need the role AUDIT_VIEWER",
}
NOTHING = {
    "guard": "the guard refused no such request",
    "audit": "no audited statement ran under it; the guard sets the identifier, an audit policy must cover the schema",
}


def _rows(name: str, opened: oracledb.Connection, request_id: str, statement: str, binds: dict[str, str]) -> Source:
    place = {"guard": "ORACLEAPI.FAULT", "audit": "UNIFIED_AUDIT_TRAIL"}[name]
    try:
        with opened.cursor() as cursor:
            cursor.execute(statement, binds)
            titles = [column[0].lower() for column in cursor.description or ()]
            entries = tuple(
                {title_: _value(value) for title_, value in zip(titles, row, strict=True)} for row in cursor
            )
    except oracledb.Error as error:
        helps = RIGHTS[name] if code_of(error) in ("ORA-00942", "ORA-01031") else told(error)
        return Source(name, place, "NotRead", f"{code_of(error)}: {helps}")
    return Source(name, place, "Found" if entries else "NotFound", "" if entries else NOTHING[name], entries)


def _value(value: Any) -> Any:
    return value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else value


def _tried(name: str, place: str, look: Callable[[], Source]) -> Source:
    try:
        return look()
    except CliError as error:
        return Source(name, place, "NotRead", error.message)


def trace_picture(request_id: str, sources: list[Source]) -> RenderableType:
    """Return the sources in the order of a request's way, each with what it holds."""
    return Group(*_parts(request_id, sources))


def _parts(request_id: str, sources: list[Source]) -> Iterator[RenderableType]:
    yield Text.assemble("request ", words(request_id, "bold"))
    for source in sources:
        mark, style = STYLES[source.outcome]
        yield Text()
        yield Text.assemble(words(f"{mark} {source.name}", style), words(f"  {source.place}", "dim"))
        if source.why:
            yield Padding(words(source.why, style), (0, 0, 0, 2))
        for entry in source.entries:
            rows = table("", "")
            rows.show_header = False
            for key, value in entry.items():
                if value is not None:
                    rows.add_row(words(key, "dim"), words(value))
            yield Padding(rows, (0, 0, 0, 2))
