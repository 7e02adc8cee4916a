"""Application contexts: attributes that only a context's trusted unit can set, for one session or for all.

Source: Database SQL Language Reference 19c, CREATE CONTEXT, SYS_CONTEXT; PL/SQL Packages and Types Reference,
DBMS_SESSION [D].
"""

import json
from typing import TYPE_CHECKING

from oracleapi_sandbox.oracle.engine.catalog import SYS
from oracleapi_sandbox.oracle.engine.ddl import Ddl
from oracleapi_sandbox.oracle.engine.text import not_supported
from oracleapi_sandbox.oracle.ports import OracleError

if TYPE_CHECKING:
    from oracleapi_sandbox.oracle.engine.session import EngineSession

Held = dict[str, dict[str, str]]
"""A session's attributes by namespace and name."""


def create_context(ddl: Ddl, replace: bool) -> None:
    """``CREATE [OR REPLACE] CONTEXT ns USING [schema.]unit [ACCESSED GLOBALLY]``; the unit need not exist. [D]"""
    ddl.require("CREATE ANY CONTEXT")
    reader = ddl.reader
    namespace = reader.name(2261, "namespace expected")
    reader.expect("USING")
    schema, package = reader.qualified(ddl.schema)
    if reader.token.is_word("INITIALIZED"):
        raise not_supported("INITIALIZED for a context", reader.token)
    shared = reader.accept("ACCESSED", "GLOBALLY")
    reader.end()
    if namespace in ddl.catalog.contexts and replace:
        ddl.run(
            "update ora_meta.contexts set schema = $2, package = $3, shared = $4::boolean where namespace = $1",
            [namespace, schema, package, shared],
        )
        return
    ddl.add_object(SYS, namespace, "CONTEXT")
    ddl.run("insert into ora_meta.contexts values ($1, $2, $3, $4::boolean)", [namespace, schema, package, shared])


def drop_context(ddl: Ddl) -> None:
    """``DROP CONTEXT ns``: nobody can set it any more; what sessions hold they keep. [D]"""
    ddl.require("DROP ANY CONTEXT")
    namespace = ddl.reader.name(2261, "namespace expected")
    ddl.reader.end()
    if namespace not in ddl.catalog.contexts:
        raise OracleError(4043, f"object {namespace} does not exist")
    ddl.run("delete from ora_meta.contexts where namespace = $1", [namespace])
    ddl.run("delete from ora_meta.shared_contexts where namespace = $1", [namespace])
    ddl.drop_object(SYS, namespace)


def as_setting(held: Held) -> str:
    """Return a session's attributes as ``ora.sys_context`` reads them."""
    return json.dumps(held) if held else ""


def set_attribute(
    session: "EngineSession",
    namespace: str,
    attribute: str,
    value: str | None,
    username: str | None = None,
    client_id: str | None = None,
) -> None:
    """Set an attribute; of a context that is accessed globally, for the sessions of *username* or *client_id* alone.

    Raises:
        OracleError: 1031, no trusted unit is running.
    """
    if not _is_shared(session, namespace):
        if username is not None or client_id is not None:
            raise not_supported("a user name or client identifier for a context that is accessed locally")
        held = session.contexts.setdefault(namespace, {})
        held.pop(attribute, None)
        if value is not None:
            held[attribute] = value
        return
    session.database.run_aside(
        "insert into ora_meta.shared_contexts (namespace, attribute, username, client_id, value)"
        " values ($1, $2, $3, $4, $5) on conflict (namespace, attribute, username, client_id)"
        " do update set value = excluded.value",
        [namespace, attribute, username or "", client_id or "", value],
    )


def clear(session: "EngineSession", namespace: str, attribute: str | None, client_id: str | None) -> None:
    """Forget an attribute, or with ``None`` all of them; of a shared context, those of *client_id*.

    Raises:
        OracleError: 1031, no trusted unit is running.
    """
    if _is_shared(session, namespace):
        session.database.run_aside(
            "delete from ora_meta.shared_contexts where namespace = $1 and client_id = $2"
            " and attribute = coalesce($3, attribute)",
            [namespace, client_id or "", attribute],
        )
    elif attribute is None:
        session.contexts.pop(namespace, None)
    else:
        session.contexts.get(namespace, {}).pop(attribute, None)


def clear_all(session: "EngineSession", namespace: str) -> None:
    """Forget every attribute of the namespace, of a shared context for everybody.

    Raises:
        OracleError: 1031, no trusted unit is running.
    """
    if _is_shared(session, namespace):
        session.database.run_aside("delete from ora_meta.shared_contexts where namespace = $1", [namespace])
    session.contexts.pop(namespace, None)


def _is_shared(session: "EngineSession", namespace: str) -> bool:
    """Check that the trusted unit is on the calling stack [D]; say whether the context is accessed globally."""
    context = session.database.catalog.contexts.get(namespace)
    if context is None or context.unit not in {(call.owner, call.name) for call in session.units}:
        raise OracleError(1031, "insufficient privileges")
    return context.shared
