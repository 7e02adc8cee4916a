"""CREATE, ALTER and DROP AUDIT POLICY, AUDIT and NOAUDIT.

Source: Database SQL Language Reference 19c; error messages 46350 to 46373 [D].
"""

from collections.abc import Collection

from oracleapi_sandbox.oracle.engine.audit.actions import NOT_RECORDED, OBJECT_ACTIONS, SYSTEM_ACTIONS
from oracleapi_sandbox.oracle.engine.audit.rules import (
    ACTION,
    ALL_USERS,
    BY,
    BY_ROLE,
    EXCEPT,
    OBJECT,
    PRIVILEGE,
    ROLE,
    Option,
    Policy,
    query_of,
)
from oracleapi_sandbox.oracle.engine.catalog import SYS
from oracleapi_sandbox.oracle.engine.ddl import Ddl
from oracleapi_sandbox.oracle.engine.privileges import system_privileges
from oracleapi_sandbox.oracle.engine.roles import accept_container
from oracleapi_sandbox.oracle.engine.text import Reader, not_supported
from oracleapi_sandbox.oracle.engine.translate import translate
from oracleapi_sandbox.oracle.ports import OracleError

NOT_AUDITABLE = frozenset({"INHERIT ANY PRIVILEGES"})
_ENDS = ("PRIVILEGES", "ACTIONS", "ROLES", "WHEN", "ONLY", "CONTAINER", "CONDITION")


def create_policy(ddl: Ddl) -> None:
    """``CREATE AUDIT POLICY p [PRIVILEGES …] [ACTIONS …] [ROLES …] [WHEN '…' EVALUATE PER …] [ONLY TOPLEVEL]``.

    Raises:
        OracleError: 46358, it exists; 46373, it watches nothing; 46355, 46356, 46359 and 46368, for one of its parts.
    """
    name = _policy_name(ddl)
    if name in ddl.catalog.audit.policies:
        raise OracleError(46358, f"Audit policy {name} already exists.")
    options = _options(ddl)
    condition, evaluate = _condition(ddl) if ddl.reader.accept("WHEN") else (None, "NONE")
    top_level = ddl.reader.accept("ONLY", "TOPLEVEL")
    _end(ddl)
    if not options:
        raise OracleError(46373, f"Audit policy '{name}' must have at least one audit option.")
    ddl.add_object(SYS, name, "UNIFIED AUDIT POLICY")
    ddl.run(
        "insert into ora_meta.audit_policies values ($1, $2, $3, $4::boolean)", [name, condition, evaluate, top_level]
    )
    _store(ddl, name, options)


def alter_policy(ddl: Ddl) -> None:
    """``ALTER AUDIT POLICY p [ADD …] [DROP …] [CONDITION {DROP | '…' EVALUATE PER …}]``.

    Raises:
        OracleError: 46357, there is none; 46360, an option is both added and dropped; 46389, it is Oracle's.
    """
    name = _policy_name(ddl)
    policy = _existing(ddl, name)
    if policy.supplied:
        raise OracleError(46389, "cannot alter, drop, enable, or disable Oracle predefined policies")
    reader = ddl.reader
    added, top_level = (_options(ddl), reader.accept("ONLY", "TOPLEVEL")) if reader.accept("ADD") else (set(), False)
    dropped, every_level = (
        (_options(ddl), reader.accept("ONLY", "TOPLEVEL")) if reader.accept("DROP") else (set(), False)
    )
    if added & dropped:
        raise OracleError(46360, "Same auditing option cannot be both added and dropped in audit policy.")
    condition, evaluate = policy.condition, policy.evaluate
    if reader.accept("CONDITION"):
        condition, evaluate = (None, "NONE") if reader.accept("DROP") else _condition(ddl)
    _end(ddl)
    if not (policy.options - dropped) | added:
        raise OracleError(46373, f"Audit policy '{name}' must have at least one audit option.")
    for option in dropped:
        ddl.run(
            "delete from ora_meta.audit_options"
            " where policy = $1 and kind = $2 and option = $3 and owner = $4 and name = $5",
            [name, option.kind, option.name, option.owner, option.object],
        )
    _store(ddl, name, added)
    ddl.run(
        "update ora_meta.audit_policies set condition = $2, evaluate = $3, top_level = $4::boolean where name = $1",
        [name, condition, evaluate, (policy.top_level or top_level) and not every_level],
    )


def drop_policy(ddl: Ddl) -> None:
    """``DROP AUDIT POLICY p``.

    Raises:
        OracleError: 46357, there is none; 46361, it is enabled; 46389, it is Oracle's.
    """
    name = _policy_name(ddl)
    policy = _existing(ddl, name)
    ddl.reader.end()
    if policy.supplied:
        raise OracleError(46389, "cannot alter, drop, enable, or disable Oracle predefined policies")
    if any(each.policy == name for each in ddl.catalog.audit.enabled):
        raise OracleError(46361, "Audit policy cannot be dropped as it is currently enabled.")
    ddl.run("delete from ora_meta.audit_options where policy = $1", [name])
    ddl.run("delete from ora_meta.audit_policies where name = $1", [name])
    ddl.drop_object(SYS, name)


def audit(ddl: Ddl) -> None:
    """``AUDIT POLICY p [BY u, … | EXCEPT u, … | BY USERS WITH GRANTED ROLES r, …] [WHENEVER [NOT] SUCCESSFUL]``, or
    ``AUDIT CONTEXT NAMESPACE ns ATTRIBUTES a, … [BY u, …]``.

    Users and roles come on top of those that were named before; after EXCEPT the last list alone counts. [D: Security
    Guide, Enabling and Applying Unified Audit Policies]

    Raises:
        OracleError: 46350 and 46351, it is enabled the other way round; 46357, there is none; 1917 and 1919.
    """
    _require(ddl)
    if ddl.reader.accept("CONTEXT"):
        _contexts(ddl, add=True)
        return
    name = _named_policy(ddl)
    how, entities = _entities(ddl, except_too=True)
    success, failure = _whenever(ddl)
    ddl.reader.end()
    for each in ddl.catalog.audit.enabled:
        if each.policy == name and EXCEPT in (how, each.how) and how != each.how:
            code, word = (46350, "BY") if how == EXCEPT else (46351, "EXCEPT")
            raise OracleError(code, f"Audit policy {name} already applied with the {word} clause.")
    if how == EXCEPT:
        ddl.run(
            "delete from ora_meta.audit_enabled where policy = $1 and how = $2 and not entity = any($3::text[])",
            [name, how, entities],
        )
    for entity in entities:
        ddl.run(
            "insert into ora_meta.audit_enabled values ($1, $2, $3, $4::boolean, $5::boolean)"
            " on conflict (policy, how, entity) do update set success = audit_enabled.success or excluded.success,"
            " failure = audit_enabled.failure or excluded.failure",
            [name, how, entity, success, failure],
        )


def noaudit(ddl: Ddl) -> None:
    """``NOAUDIT POLICY p [BY u, … | BY USERS WITH GRANTED ROLES r, …] [WHENEVER [NOT] SUCCESSFUL]``, or
    ``NOAUDIT CONTEXT …``.

    What was enabled for users or roles by name goes only with their names. [D: Dropping Unified Audit Policies]
    """
    _require(ddl)
    if ddl.reader.accept("CONTEXT"):
        _contexts(ddl, add=False)
        return
    name = _named_policy(ddl)
    how, entities = _entities(ddl, except_too=False)
    success, failure = _whenever(ddl)
    ddl.reader.end()
    everybody = entities == [ALL_USERS]
    for each in ddl.catalog.audit.enabled:
        meant = (each.how, each.entity) in {(how, entity) for entity in entities} or (everybody and each.how == EXCEPT)
        if each.policy == name and meant:
            ddl.run(
                "update ora_meta.audit_enabled set success = success and not $4::boolean,"
                " failure = failure and not $5::boolean where policy = $1 and how = $2 and entity = $3",
                [name, each.how, each.entity, success, failure],
            )
    ddl.run("delete from ora_meta.audit_enabled where not success and not failure")


# Parts of the statements


def _require(ddl: Ddl) -> None:
    ddl.require("AUDIT SYSTEM")


def _policy_name(ddl: Ddl) -> str:
    _require(ddl)
    return ddl.reader.name(46362, "missing or invalid audit policy name")


def _named_policy(ddl: Ddl) -> str:
    """Read ``POLICY p``; traditional auditing (``AUDIT SELECT ON t``) is refused by name."""
    if not ddl.reader.accept("POLICY"):
        raise not_supported("traditional auditing", ddl.reader.token)
    name = ddl.reader.name(46362, "missing or invalid audit policy name")
    _existing(ddl, name)
    return name


def _existing(ddl: Ddl, name: str) -> Policy:
    policy = ddl.catalog.audit.policies.get(name)
    if policy is None:
        raise OracleError(46357, f"Audit policy {name} not found.")
    return policy


def _end(ddl: Ddl) -> None:
    if ddl.reader.accept("CONTAINER", "=", "ALL"):
        raise OracleError(65040, "operation not allowed from within a pluggable database")
    accept_container(ddl)
    ddl.reader.end()


def _options(ddl: Ddl) -> set[Option]:
    reader, found = ddl.reader, set[Option]()
    if reader.accept("PRIVILEGES"):
        for name, start in _phrases(reader):
            if name not in system_privileges(ddl.context.major) or name in NOT_AUDITABLE:
                raise OracleError(46355, "missing or invalid privilege audit option.", start)
            found.add(Option(PRIVILEGE, name))
    if reader.accept("ACTIONS"):
        found |= _actions(ddl)
    if reader.accept("ROLES"):
        for role in reader.listed():
            if role not in ddl.catalog.roles:
                raise OracleError(1919, f"role '{role}' does not exist")
            found.add(Option(ROLE, role))
    return found


def _actions(ddl: Ddl) -> set[Option]:
    reader, found = ddl.reader, set[Option]()
    while True:
        if reader.token.is_word("COMPONENT"):
            raise not_supported("ACTIONS COMPONENT", reader.token)
        ((name, start),) = _phrases(reader, one=True)
        if not reader.accept("ON"):
            if name in NOT_RECORDED:
                raise not_supported(f"auditing of {name}")
            if name not in SYSTEM_ACTIONS:
                raise OracleError(46356, "missing or invalid action audit option", start)
            found.add(Option(ACTION, name))
        elif reader.token.is_word("DIRECTORY", "MINING"):
            raise not_supported(f"ACTIONS … ON {reader.token.text}", reader.token)
        else:
            found.add(_on_object(ddl, name, start))
        if not reader.accept(","):
            return found


def _on_object(ddl: Ddl, action: str, start: int) -> Option:
    place = ddl.reader.token.start
    first = ddl.reader.name()
    owner, name = (first, ddl.reader.name()) if ddl.reader.accept(".") else (None, first)
    thing = ddl.catalog.resolve(owner, name, ddl.schema)
    if thing is None:
        raise OracleError(942, "table or view does not exist", place)
    allowed: Collection[str] = OBJECT_ACTIONS.get(thing.type, ())
    if action not in allowed:
        raise OracleError(46359, f"Invalid auditing option for {thing.type}.", start)
    return Option(OBJECT, action, thing.owner, thing.name)


def _phrases(reader: Reader, *, one: bool = False) -> list[tuple[str, int]]:
    """Read phrases of several words, up to a comma and on, or to a word that begins another clause."""
    found = []
    while True:
        start, words = reader.token.start, list[str]()
        while reader.token.kind == "word" and not reader.token.is_word(*_ENDS, "ON"):
            if words and reader.token.is_word("DROP") and reader.peek().is_word(*_ENDS):
                break  # of ALTER AUDIT POLICY … ADD … DROP …
            words.append(reader.token.text)
            reader.at += 1
        found.append((" ".join(words), start))
        if one or not reader.accept(","):
            return found


def _condition(ddl: Ddl) -> tuple[str, str]:
    """Read ``'condition' EVALUATE PER …``: comparisons of SYS_CONTEXT, UID and constants. [D]"""
    text = ddl.reader.text()
    ddl.reader.expect("EVALUATE", "PER")
    evaluate = ddl.reader.name(922, "missing or invalid option")
    if evaluate not in ("STATEMENT", "SESSION", "INSTANCE"):
        raise OracleError(922, "missing or invalid option")
    try:
        translation = translate(query_of(text), {}, ddl.context)
    except OracleError as error:
        raise OracleError(46368, "Audit policy does not have a simple rule condition.") from error
    if translation.parameters or translation.tables - {(SYS, "DUAL")}:
        raise OracleError(46368, "Audit policy does not have a simple rule condition.")
    return text, evaluate


def _entities(ddl: Ddl, *, except_too: bool) -> tuple[str, list[str]]:
    """Read for whom; nothing is all users.

    Raises:
        OracleError: 1917 and 1919, there is none of that name.
    """
    reader = ddl.reader
    if reader.accept("BY", "USERS", "WITH", "GRANTED", "ROLES"):
        found = reader.listed()
        for role in found:
            if role not in ddl.catalog.roles:
                raise OracleError(1919, f"role '{role}' does not exist")
        return BY_ROLE, found
    how = BY if reader.accept("BY") else EXCEPT if except_too and reader.accept("EXCEPT") else None
    if how is None:
        return BY, [ALL_USERS]
    found = reader.listed()
    for user in found:
        if user not in ddl.catalog.users:
            raise OracleError(1917, f"user or role '{user}' does not exist")
    return how, found


def _whenever(ddl: Ddl) -> tuple[bool, bool]:
    """Read ``WHENEVER [NOT] SUCCESSFUL``; returns success and failure."""
    if not ddl.reader.accept("WHENEVER"):
        return True, True
    failure = ddl.reader.accept("NOT")
    ddl.reader.expect("SUCCESSFUL")
    return not failure, failure


def _contexts(ddl: Ddl, *, add: bool) -> None:
    """``NAMESPACE ns ATTRIBUTES a, … [, CONTEXT NAMESPACE …] [BY u, …]``."""
    reader = ddl.reader
    named: list[tuple[str, str]] = []
    while True:
        reader.expect("NAMESPACE")
        namespace = reader.name(922, "missing or invalid option")
        reader.expect("ATTRIBUTES")
        while True:
            named.append((namespace, reader.name(922, "missing or invalid option")))
            if not reader.token.is_op(",") or reader.peek().is_word("CONTEXT"):
                break
            reader.at += 1
        if not reader.accept(",", "CONTEXT"):
            break
    users = _entities(ddl, except_too=False)[1] if reader.token.is_word("BY") else [""]
    reader.end()
    for namespace, attribute in named:
        for user in users:
            statement = (
                "insert into ora_meta.audit_contexts values ($1, $2, $3) on conflict do nothing"
                if add
                else "delete from ora_meta.audit_contexts where namespace = $1 and attribute = $2 and username = $3"
            )
            ddl.run(statement, [namespace, attribute, user])


def _store(ddl: Ddl, policy: str, options: Collection[Option]) -> None:
    for option in options:
        ddl.run(
            "insert into ora_meta.audit_options values ($1, $2, $3, $4, $5) on conflict do nothing",
            [policy, option.kind, option.name, option.owner, option.object],
        )
