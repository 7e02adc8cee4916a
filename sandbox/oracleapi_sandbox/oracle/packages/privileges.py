"""Roles and privileges of a schema. A privilege protects URL patterns and whole modules; its arrays are complete sets.

Holding any one of a privilege's roles is enough; none means any authenticated caller [D].
"""

from typing import Any

from oracleapi_sandbox.oracle.packages.calls import Call
from oracleapi_sandbox.oracle.packages.checks import (
    Varchar,
    VcArr,
    duplicate,
    elements,
    refusal,
    required,
    text,
    unknown,
)
from oracleapi_sandbox.oracle.packages.modules import module_row

BUILTIN_ROLES = (
    "SQL Developer",
    "OAuth Client Developer",
    "SODA Developer",
    "RESTful Services",
    "SQL Administrator",
    "Schema Administrator",
    "System Administrator",
    "oracle.dbtools.autorest.any.schema",
    "oracle.dbtools.auth.roles.builtin.VecDB",
)
"""Roles that every REST-enabled schema shows and nobody created [R]; each schema has its own ``autorest`` ones too."""

_RESERVED_PREFIX = "oracle."
_OMITTED: VcArr = ("omitted",)
"""Stands for an array that the overload does not have; compared by identity."""


def create_role(call: Call, *, p_role_name: Varchar) -> None:
    """Create a role; an existing one is an error, whose number is not published."""
    call.require_enabled()
    name = required("SEC_ROLES", "NAME", p_role_name)
    if call.find("sec_roles", ["id"], schema_id=call.schema_id, name=name):
        raise refusal(call.settings, f"Role {name} already exists")
    _refuse_reserved(call, name)
    call.insert("sec_roles", "SEC_ROLES_UNIQUE1", {"schema_id": call.schema_id, "name": name})


def delete_role(call: Call, *, p_role_name: Varchar) -> None:
    """Delete a role and its links to privileges."""
    _refuse_reserved(call, p_role_name)
    found = call.delete("sec_roles", schema_id=call.schema_id, name=p_role_name)
    if not found and not call.settings.delete_absent_role_silent:
        raise unknown(call.settings.unknown_name_code, f"Role not found: {p_role_name}")


def rename_role(call: Call, *, p_role_name: Varchar, p_new_name: Varchar) -> None:
    """Rename a role; its links stay."""
    new = required("SEC_ROLES", "NAME", p_new_name)
    _refuse_reserved(call, p_role_name, new)
    role = _role_id(call, p_role_name)
    if new != p_role_name and call.find("sec_roles", ["id"], schema_id=call.schema_id, name=new):
        raise refusal(call.settings, f"Role {new} already exists")
    call.update("sec_roles", {"name": new}, id=role)


def define_privilege(
    call: Call,
    *,
    p_privilege_name: Varchar,
    p_roles: VcArr,
    p_patterns: VcArr = _OMITTED,
    p_modules: VcArr = _OMITTED,
    p_label: Varchar = None,
    p_description: Varchar = None,
    p_comments: Varchar = None,
) -> None:
    """Create or replace a privilege with its roles, patterns and modules.

    Raises:
        OracleError: 1403 or as set, unknown role or module; 1, an element given twice; 1400, an empty element.
    """
    call.require_enabled()
    name = required("SEC_PRIVILEGES", "NAME", p_privilege_name)
    _refuse_reserved(call, name)
    values = {
        "label": text("SEC_PRIVILEGES", "LABEL", p_label),
        "description": text("SEC_PRIVILEGES", "DESCRIPTION", p_description),
        "comments": text("SEC_PRIVILEGES", "COMMENTS", p_comments),
    }
    roles = _known(call, [_role(call, each) for each in elements(p_roles)])
    old = call.find("sec_privileges", ["id"], schema_id=call.schema_id, name=name)
    patterns = _patterns(call, old, p_patterns)
    modules = _modules(call, old, p_modules)
    privilege = call.replace(
        "sec_privileges", "SEC_PRIVILEGES_UNIQUE1", {"schema_id": call.schema_id, "name": name}, values
    )
    _link(call, "sec_privilege_roles", privilege, "role_id", roles)
    _link(call, "sec_privilege_mappings", privilege, "pattern", patterns)
    _link(call, "sec_privilege_modules", privilege, "module_id", modules)


def _patterns(call: Call, old: dict[str, Any] | None, given: VcArr) -> list[Any]:
    if given is _OMITTED:
        return _kept(call, old, "sec_privilege_mappings", "pattern")
    patterns = [required("SEC_PRIVILEGE_MAPPINGS", "PATTERN", each) for each in elements(given)]
    for pattern in patterns:
        if call.settings.strict and not pattern.startswith("/"):
            raise refusal(call.settings, f"Invalid pattern {pattern}: a pattern starts with /")
    return patterns


def _modules(call: Call, old: dict[str, Any] | None, given: VcArr) -> list[Any]:
    if given is _OMITTED:
        return _kept(call, old, "sec_privilege_modules", "module_id")
    found = [call.find("ords_modules", ["id"], schema_id=call.schema_id, name=each) for each in elements(given)]
    return _known(call, found)


def _kept(call: Call, old: dict[str, Any] | None, table: str, column: str) -> list[Any]:
    """What an overload without the array leaves of the old set [U]."""
    if old is None or call.settings.omitted_privilege_arrays == "clear":
        return []
    return call.column(table, column, privilege_id=old["id"])


def _role(call: Call, name: Varchar) -> dict[str, Any] | None:
    return call.find("sec_roles", ["id"], schema_id=call.schema_id, name=name)


def _known(call: Call, found: list[dict[str, Any] | None]) -> list[int]:
    if None in found and call.settings.privilege_references_checked:
        raise unknown(call.settings.unknown_name_code, "A role or module of the privilege does not exist")
    return [row["id"] for row in found if row]


def _link(call: Call, table: str, privilege: int, column: str, values: list[Any]) -> None:
    call.delete(table, privilege_id=privilege)
    for value in values:
        call.insert(table, f"{table}_PK".upper(), {"privilege_id": privilege, column: value})


def delete_privilege(call: Call, *, p_name: Varchar) -> None:
    """Delete a privilege with its links: what it protected is public from then on."""
    _refuse_reserved(call, p_name)
    found = call.delete("sec_privileges", schema_id=call.schema_id, name=p_name)
    if not found and not call.settings.delete_absent_privilege_silent:
        raise unknown(call.settings.unknown_name_code, f"Privilege not found: {p_name}")


def rename_privilege(call: Call, *, p_name: Varchar, p_new_name: Varchar) -> None:
    """Rename a privilege; its links stay."""
    new = required("SEC_PRIVILEGES", "NAME", p_new_name)
    _refuse_reserved(call, p_name, new)
    privilege = _privilege_id(call, p_name)
    if new != p_name and call.find("sec_privileges", ["id"], schema_id=call.schema_id, name=new):
        raise duplicate(call.settings, "SEC_PRIVILEGES_UNIQUE1", f"Privilege {new} already exists")
    call.update("sec_privileges", {"name": new}, id=privilege)


def set_module_privilege(call: Call, *, p_module_name: Varchar, p_privilege_name: Varchar) -> None:
    """Protect the whole module with a privilege."""
    call.require_enabled()
    module = module_row(call, p_module_name)["id"]
    privilege = _privilege_id(call, p_privilege_name)
    key = {"privilege_id": privilege, "module_id": module}
    if call.settings.set_module_privilege == "replace":
        call.delete("sec_privilege_modules", module_id=module)
    if not call.find("sec_privilege_modules", ["seq"], **key):
        call.insert("sec_privilege_modules", "SEC_PRIVILEGE_MODULES_PK", key)


def _role_id(call: Call, name: Varchar) -> int:
    found = _role(call, name)
    if found is None:
        raise unknown(call.settings.unknown_name_code, f"Role not found: {name}")
    return int(found["id"])


def _privilege_id(call: Call, name: Varchar) -> int:
    found = call.find("sec_privileges", ["id"], schema_id=call.schema_id, name=name)
    if found is None:
        raise unknown(call.settings.unknown_name_code, f"Privilege not found: {name}")
    return int(found["id"])


def _refuse_reserved(call: Call, *names: Varchar) -> None:
    """Names that ORDS makes itself are not for others to define, rename or delete [U, only when strict]."""
    for name in names:
        if call.settings.strict and name and (name in BUILTIN_ROLES or name.startswith(_RESERVED_PREFIX)):
            raise refusal(call.settings, f"{name} is reserved for Oracle REST Data Services")
