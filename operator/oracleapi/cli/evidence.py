"""``report``: who can do what, and what was found and repaired, dated and hashed: evidence for an audit. Pure."""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from oracleapi.cli.errors import USAGE, CliError
from oracleapi.cli.explain import cell_data, matrix
from oracleapi.cli.lines import build_line
from oracleapi.cli.objects import Resource, Snapshot, conditions, ready, reference, title
from oracleapi.cli.output import plain
from oracleapi.model.line import Line

FORMAT = "oracleapi.dev/report/v1"
REPAIRED = "DriftRepaired"
Report = dict[str, Any]


def build_report(
    snapshot: Snapshot, events: list[dict[str, Any]] | None, cluster: str, scope: str, now: datetime
) -> Report:
    """Return the report and the SHA-256 over its canonical form.

    Args:
        events: ``DriftRepaired``; ``None``: they could not be read.
    """
    report = {
        "format": FORMAT,
        "time": now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "cluster": cluster,
        "namespaces": scope,
        "notRead": [*snapshot.unread, *([] if events is not None else ["events"])],
        "apis": [_api(snapshot, api, now) for api in snapshot.of("OracleApi")],
        "roles": [_role(role) for role in snapshot.of("OracleRole")],
        "bindings": [_binding(binding) for binding in snapshot.of("RoleBinding")],
        "passwords": [_password(rotation, now) for rotation in snapshot.of("SecretRotation")],
        "offers": [
            _object(found) for kind in ("AwsAccount", "OracleDatabase", "VpcLink") for found in snapshot.of(kind)
        ],
        "keys": [_keys(provider) for provider in snapshot.of("IdentityProvider")],
        "drift": [
            {**_object(found), "differences": found["status"]["drift"]}
            for found in snapshot.objects
            if found.get("status", {}).get("drift")
        ],
        "repaired": [_event(event) for event in events or []],
    }
    return {"report": report, "sha256": digest(report)}


def canonical(report: Report) -> bytes:
    """Return a report's canonical form: JSON in UTF-8, keys sorted, no blanks."""
    return json.dumps(report, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(report: Report) -> str:
    return hashlib.sha256(canonical(report)).hexdigest()


def is_genuine(text: str) -> bool:
    """Say whether a report in JSON still has the SHA-256 that it says.

    Raises:
        CliError: It is no report.
    """
    try:
        found = json.loads(text)
        return bool(found["report"]["format"] == FORMAT and digest(found["report"]) == found["sha256"])
    except (ValueError, TypeError, KeyError) as error:
        raise CliError("this is no report; write one with kubectl oracleapi report -o json", USAGE) from error


def _object(resource: Resource) -> dict[str, Any]:
    metadata, top = resource["metadata"], ready(resource)
    return {
        "kind": resource["kind"],
        "name": title(resource),
        "uid": metadata.get("uid", ""),
        "generation": metadata.get("generation", 0),
        "ready": top["status"],
        "reason": top["reason"],
    }


def _api(snapshot: Snapshot, api: Resource, now: datetime) -> dict[str, Any]:
    line = build_line(snapshot, api)
    status = api.get("status", {})
    return {
        **_object(api),
        "database": reference(api, "databaseRef"),
        "schema": api["spec"]["schema"],
        "endpoint": status.get("endpoint", ""),
        "guard": line.database.guard,
        "requireBinding": line.api.require_binding,
        "gatewayKeyCreated": status.get("gatewayKey", {}).get("createdTime", ""),
        "routes": _routes(line, status),
        "access": [_cell(name, found) for name, found in matrix(line, line.api.routes, now)],
    }


def _routes(line: Line, status: dict[str, Any]) -> list[dict[str, Any]]:
    keys = {found["name"]: found["key"] for found in status.get("routes", [])}
    return [
        {
            "name": route.name,
            "key": keys.get(route.name, ""),
            "auth": route.auth,
            "scope": route.scope,
            "state": route.state,
        }
        for route in line.api.routes
    ]


def _cell(name: str, found: Any) -> dict[str, Any]:
    return {key: value for key, value in cell_data(name, found).items() if key not in ("links", "cure")}


def _role(role: Resource) -> dict[str, Any]:
    status = role.get("status", {})
    return {
        **_object(role),
        "role": status.get("roleName", ""),
        "database": reference(role, "databaseRef"),
        "grants": role["spec"].get("grants", []),
        "granted": status.get("granted", ""),
        "missing": status.get("missing", []),
        "extra": status.get("extra", []),
    }


def _binding(binding: Resource) -> dict[str, Any]:
    spec, status = binding["spec"], binding.get("status", {})
    return {
        **_object(binding),
        "api": reference(binding, "apiRef"),
        "role": status.get("roleName", ""),
        "subjects": spec["subjects"],
        "routes": spec["routes"],
        "expirationTime": spec.get("expirationTime"),
        "accessHash": status.get("accessHash", ""),
        "conditions": {found["type"]: found["status"] for found in conditions(binding)},
    }


def _password(rotation: Resource, now: datetime) -> dict[str, Any]:
    """Return what is known of an account's password; *passwordAgeDays* are whole days, ``None`` where nobody knows."""
    spec, status = rotation["spec"], rotation.get("status", {})
    changed = status.get("lastRotationTime")
    return {
        **_object(rotation),
        "database": reference(rotation, "databaseRef"),
        "account": status.get("activeAccount") or spec["account"],
        "secret": spec["secret"]["name"],
        "strategy": status.get("strategy", ""),
        "schedule": spec["schedule"],
        "lastRotationTime": changed or "",
        "passwordAgeDays": (now - datetime.fromisoformat(changed)).days if changed else None,
        "nextRotationTime": status.get("nextRotationTime", ""),
        "conditions": {found["type"]: found["status"] for found in conditions(rotation)},
        "history": status.get("history", []),
    }


def _keys(provider: Resource) -> dict[str, Any]:
    status = provider.get("status", {})
    return {
        **_object(provider),
        "issuer": provider["spec"]["issuer"],
        "signingKeys": status.get("keys", 0),
        "algorithms": status.get("algorithms", []),
    }


def _event(event: dict[str, Any]) -> dict[str, str]:
    about = event["regarding"]
    return {
        "kind": about.get("kind", ""),
        "name": "/".join(part for part in (about.get("namespace"), about.get("name")) if part),
        "time": event.get("eventTime") or event.get("metadata", {}).get("creationTimestamp", ""),
        "note": event.get("note", ""),
    }


def page(document: Report) -> str:
    """Return the report as a page in Markdown."""
    return "\n".join(_lines(document["report"], document["sha256"]))


def _lines(report: Report, sha256: str) -> Iterator[str]:
    yield "# Access report"
    yield ""
    yield f"{report['time']}, cluster {_said(report['cluster'])}, {_said(report['namespaces'])}"
    yield ""
    yield f"SHA-256 of the canonical form: `{sha256}`"
    if report["notRead"]:
        yield ""
        yield f"**Not read, so not in here:** {', '.join(report['notRead'])}"
    for api in report["apis"]:
        yield from _api_lines(api)
    yield from _table(
        "Roles",
        ("role", "object", "ready", "grants", "missing"),
        [
            (found["role"], found["name"], found["ready"], _grants(found["grants"]), "; ".join(found["missing"]))
            for found in report["roles"]
        ],
    )
    yield from _table(
        "Bindings",
        ("binding", "api", "subjects", "routes", "role", "until"),
        [
            (
                found["name"],
                found["api"],
                "; ".join(f"{each['kind']} {each['name']}" for each in found["subjects"]),
                ", ".join(found["routes"]),
                found["role"],
                found["expirationTime"] or "no end",
            )
            for found in report["bindings"]
        ],
    )
    yield from _password_lines(report["passwords"])
    yield from _table(
        "Keys that tokens are checked with",
        ("provider", "issuer", "keys", "algorithms"),
        [
            (found["name"], found["issuer"], found["signingKeys"], ", ".join(found["algorithms"]))
            for found in report["keys"]
        ],
    )
    yield from _table(
        "Differences that are open",
        ("object", "field", "desired", "observed"),
        [
            (f"{found['kind']} {found['name']}: {each['object']}", each["field"], each["desired"], each["observed"])
            for found in report["drift"]
            for each in found["differences"]
        ],
    )
    yield from _table(
        "Differences that were repaired (as long as the cluster keeps events)",
        ("time", "object", "what"),
        [(found["time"], f"{found['kind']} {found['name']}", found["note"]) for found in report["repaired"]],
    )


def _password_lines(passwords: list[dict[str, Any]]) -> Iterator[str]:
    yield from _table(
        "Passwords",
        ("account", "database", "secret", "object", "strategy", "days old", "next change", "Fresh", "Verified"),
        [
            (
                found["account"],
                found["database"],
                found["secret"],
                found["name"],
                found["strategy"],
                "unknown" if found["passwordAgeDays"] is None else found["passwordAgeDays"],
                found["nextRotationTime"],
                found["conditions"].get("Fresh", "Unknown"),
                found["conditions"].get("Verified", "Unknown"),
            )
            for found in passwords
        ],
    )
    yield from _table(
        "Passwords that were changed (the last ten of each)",
        ("began", "ended", "account", "object", "strategy", "cause", "result"),
        [
            (
                *(each.get(key, "") for key in ("startedTime", "completedTime", "account")),
                found["name"],
                *(each.get(key, "") for key in ("strategy", "cause", "result")),
            )
            for found in passwords
            for each in found["history"]
        ],
    )


def _api_lines(api: dict[str, Any]) -> Iterator[str]:
    yield from (
        "",
        f"## {_said(api['name'])}",
        "",
        f"Ready={api['ready']} ({api['reason']}), schema {_said(api['schema'])} of {_said(api['database'])}, guard"
        f" {api['guard']}, {_said(api['endpoint'] or 'no endpoint yet')}{_key_age(api)}",
    )
    yield from _rows(
        ("caller", "route", "outcome", "roles", "why"),
        [
            (
                each["caller"],
                each["route"],
                each["outcome"],
                ", ".join(each["roles"]),
                f"{each['wouldSee']} {each['link']}: {each['fault']}" if "fault" in each else "",
            )
            for each in api["access"]
        ],
    )


def _key_age(api: dict[str, Any]) -> str:
    created = api["gatewayKeyCreated"]
    return f", gateway key of {_said(created)}" if created else ""


def _grants(grants: list[dict[str, Any]]) -> str:
    return "; ".join(
        grant.get("role") or grant.get("system") or f"{', '.join(grant.get('privileges', []))} on {grant.get('object')}"
        for grant in grants
    )


def _table(heading: str, titles: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Iterator[str]:
    yield from ("", f"## {heading}")
    if rows:
        yield from _rows(titles, rows)
    else:
        yield from ("", "None.")


def _rows(titles: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Iterator[str]:
    yield from ("", f"| {' | '.join(titles)} |", f"|{'---|' * len(titles)}")
    for row in rows:
        yield f"| {' | '.join(_said(value) for value in row)} |"


def _said(value: Any) -> str:
    """Return a text of the outside as it may stand in a table."""
    return plain(str(value)).replace("\\", "\\\\").replace("|", "\\|")
