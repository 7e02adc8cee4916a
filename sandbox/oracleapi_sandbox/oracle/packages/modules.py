"""Modules, templates, handlers and parameters: DEFINE_, DELETE_, PUBLISH_, RENAME_MODULE and its origins.

Replacing a row drops what is below it [R]. Handler sources are stored as they are, not compiled [D].
"""

from typing import Any

from oracleapi_sandbox.oracle.packages.calls import Call
from oracleapi_sandbox.oracle.packages.checks import (
    Clob,
    Number,
    Varchar,
    duplicate,
    null_refused,
    one_of,
    refusal,
    required,
    text,
    unknown,
    violated,
    whole,
)

SOURCE_TYPES = {
    "source_type_collection_feed": "json/collection",
    "source_type_collection_item": "json/item",
    "source_type_query": "json/query",
    "source_type_query_one_row": "json/query;type=single",
    "source_type_feed": "json/query;type=feed",
    "source_type_csv_query": "csv/query",
    "source_type_plsql": "plsql/block",
    "source_type_media": "resource/lob",
}
"""Constants of ORDS and ORDS_ADMIN and the strings they store [D, strings R]."""

_STATUSES = ("PUBLISHED", "NOT_PUBLISHED")
_METHODS = ("GET", "POST", "PUT", "DELETE")
_ETAG_TYPES = ("HASH", "QUERY", "NONE")
_PARAMETER_SOURCES = ("HEADER", "RESPONSE", "URI")
_PARAMETER_TYPES = ("STRING", "INT", "DOUBLE", "BOOLEAN", "LONG", "TIMESTAMP", "RESULTSET")
_ACCESS_METHODS = ("IN", "OUT", "INOUT")
_MODULES, _TEMPLATES, _HANDLERS, _PARAMETERS = "ORDS_MODULES", "ORDS_TEMPLATES", "ORDS_HANDLERS", "ORDS_PARAMETERS"
_MAX_ITEMS = 2**31 - 1


def define_module(
    call: Call,
    *,
    p_module_name: Varchar,
    p_base_path: Varchar,
    p_items_per_page: Number = 25,
    p_status: Varchar = "PUBLISHED",
    p_comments: Varchar = None,
) -> None:
    """Create the module, or replace it with everything below."""
    call.require_enabled()
    name = required(_MODULES, "NAME", p_module_name)
    values = {
        "uri_prefix": required(_MODULES, "URI_PREFIX", p_base_path),
        "items_per_page": whole(call.settings, "p_items_per_page", p_items_per_page, 0, _MAX_ITEMS),
        "status": one_of(call.settings, "p_status", p_status, _STATUSES),
        "comments": text(_MODULES, "COMMENTS", p_comments),
    }
    old = call.find("ords_modules", ["id", "origins_allowed"], schema_id=call.schema_id, name=name)
    if old and call.settings.define_module_existing == "raise":
        raise violated("ORDS_MODULES_UNIQUE1")
    _refuse_taken_base_path(call, str(values["uri_prefix"]), except_module=name)
    links = _privileges_of(call, old["id"]) if old else []
    key = {"schema_id": call.schema_id, "name": name}
    module = call.replace("ords_modules", "ORDS_MODULES_UNIQUE1", key, values, ("ords_templates", "module_id"))
    if old:
        _carry_over(call, module, old["origins_allowed"], links)


def _carry_over(call: Call, module: int, origins: str | None, links: list[int]) -> None:
    """Give a replaced module its origins and privilege links back, or take what an update in place left."""
    survive = call.settings.module_links_survive_define
    call.delete("sec_privilege_modules", module_id=module)
    call.update("ords_modules", {"origins_allowed": origins if survive else None}, id=module)
    for privilege in links if survive else ():
        call.insert(
            "sec_privilege_modules", "SEC_PRIVILEGE_MODULES_PK", {"privilege_id": privilege, "module_id": module}
        )


def _privileges_of(call: Call, module: int) -> list[int]:
    return call.column("sec_privilege_modules", "privilege_id", module_id=module)


def _refuse_taken_base_path(call: Call, path: str, *, except_module: str) -> None:
    sql = (
        "SELECT name FROM ords_metadata.ords_modules WHERE schema_id = %s AND name <> %s"
        " AND trim(BOTH '/' FROM uri_prefix) = trim(BOTH '/' FROM %s)"
    )
    taken = call.sql.run(sql, (call.schema_id, except_module, path))
    if taken:
        message = f"The base path {path} is already used by module {taken[0][0]}"
        raise duplicate(call.settings, "ORDS_MODULES_UNIQUE2", message)


def define_template(
    call: Call,
    *,
    p_module_name: Varchar,
    p_pattern: Varchar,
    p_priority: Number = 0,
    p_etag_type: Varchar = "HASH",
    p_etag_query: Varchar = None,
    p_comments: Varchar = None,
) -> None:
    """Create the template, or replace it with its handlers."""
    call.require_enabled()
    module = module_row(call, p_module_name)["id"]
    values = {
        "schema_id": call.schema_id,
        "priority": whole(call.settings, "p_priority", p_priority, 0, 9) or 0,
        "etag_type": one_of(call.settings, "p_etag_type", p_etag_type, _ETAG_TYPES),
        "etag_query": text(_TEMPLATES, "ETAG_QUERY", p_etag_query),
        "comments": text(_TEMPLATES, "COMMENTS", p_comments),
    }
    if p_etag_type == "QUERY" and values["etag_query"] is None:
        raise refusal(call.settings, "p_etag_query is required when p_etag_type is QUERY")
    key = {"module_id": module, "uri_template": required(_TEMPLATES, "URI_TEMPLATE", p_pattern)}
    call.replace("ords_templates", "ORDS_TEMPLATES_UNIQUE1", key, values, ("ords_handlers", "template_id"))


def define_handler(
    call: Call,
    *,
    p_module_name: Varchar,
    p_pattern: Varchar,
    p_method: Varchar = "GET",
    p_source_type: Varchar = SOURCE_TYPES["source_type_collection_feed"],
    p_source: Clob,
    p_items_per_page: Number = None,
    p_mimes_allowed: Varchar = None,
    p_comments: Varchar = None,
) -> None:
    """Create the handler of a method, or replace it with its parameters."""
    call.require_enabled()
    template = _template_id(call, p_module_name, p_pattern)
    if not p_source:
        raise null_refused(_HANDLERS, "SOURCE")
    values = {
        "schema_id": call.schema_id,
        "source_type": one_of(call.settings, "p_source_type", p_source_type, _source_types(call)),
        "source": p_source,
        "items_per_page": whole(call.settings, "p_items_per_page", p_items_per_page, 0, _MAX_ITEMS),
        "mimes_allowed": text(_HANDLERS, "MIMES_ALLOWED", p_mimes_allowed),
        "comments": text(_HANDLERS, "COMMENTS", p_comments),
    }
    key = {"template_id": template, "method": one_of(call.settings, "p_method", p_method, _methods(call))}
    call.replace("ords_handlers", "ORDS_HANDLERS_UNIQUE1", key, values, ("ords_parameters", "handler_id"))


def _source_types(call: Call) -> list[str]:
    return [*SOURCE_TYPES.values(), *(["mle/javascript"] if call.settings.mle_handlers else [])]


def _methods(call: Call) -> tuple[str, ...]:
    return (*_METHODS, "PATCH") if call.settings.patch_method else _METHODS


def define_parameter(
    call: Call,
    *,
    p_module_name: Varchar,
    p_pattern: Varchar,
    p_method: Varchar,
    p_name: Varchar,
    p_bind_variable_name: Varchar = None,
    p_source_type: Varchar = "HEADER",
    p_param_type: Varchar = "STRING",
    p_access_method: Varchar = "IN",
    p_comments: Varchar = None,
) -> None:
    """Create or replace the parameter of a handler; without a bind variable name it is not bound."""
    call.require_enabled()
    handler = _handler_id(call, p_module_name, p_pattern, p_method)
    key = {"handler_id": handler, "name": required(_PARAMETERS, "NAME", p_name)}
    values = {
        "schema_id": call.schema_id,
        "bind_variable_name": text(_PARAMETERS, "BIND_VARIABLE_NAME", p_bind_variable_name),
        "source_type": one_of(call.settings, "p_source_type", p_source_type, _PARAMETER_SOURCES),
        "access_method": one_of(call.settings, "p_access_method", p_access_method, _ACCESS_METHODS),
        "param_type": one_of(call.settings, "p_param_type", p_param_type, _PARAMETER_TYPES),
        "comments": text(_PARAMETERS, "COMMENTS", p_comments),
    }
    _refuse_taken_bind(call, handler, key["name"], values["bind_variable_name"])
    call.replace("ords_parameters", "ORDS_PARAMETERS_UNIQUE1", key, values)


def _refuse_taken_bind(call: Call, handler: int, name: Any, bind: Any) -> None:
    other = call.find("ords_parameters", ["name"], handler_id=handler, bind_variable_name=bind) if bind else None
    if other and other["name"] != name:
        message = f"The bind variable {bind} is already used by parameter {other['name']}"
        raise duplicate(call.settings, "ORDS_PARAMETERS_UNIQUE2", message)


def define_service(
    call: Call,
    *,
    p_module_name: Varchar,
    p_base_path: Varchar,
    p_pattern: Varchar,
    p_method: Varchar = "GET",
    p_source_type: Varchar = SOURCE_TYPES["source_type_collection_feed"],
    p_source: Clob,
    p_items_per_page: Number = 25,
    p_status: Varchar = "PUBLISHED",
    p_etag_type: Varchar = "HASH",
    p_etag_query: Varchar = None,
    p_mimes_allowed: Varchar = None,
    p_module_comments: Varchar = None,
    p_template_comments: Varchar = None,
    p_handler_comments: Varchar = None,
) -> None:
    """Define a module with one template and one handler; replaces the module."""
    define_module(
        call,
        p_module_name=p_module_name,
        p_base_path=p_base_path,
        p_items_per_page=p_items_per_page,
        p_status=p_status,
        p_comments=p_module_comments,
    )
    define_template(
        call,
        p_module_name=p_module_name,
        p_pattern=p_pattern,
        p_etag_type=p_etag_type,
        p_etag_query=p_etag_query,
        p_comments=p_template_comments,
    )
    define_handler(
        call,
        p_module_name=p_module_name,
        p_pattern=p_pattern,
        p_method=p_method,
        p_source_type=p_source_type,
        p_source=p_source,
        p_mimes_allowed=p_mimes_allowed,
        p_comments=p_handler_comments,
    )


def delete_module(call: Call, *, p_module_name: Varchar) -> None:
    """Delete the module with everything below; an absent one is silently ignored [R]."""
    found = call.delete("ords_modules", schema_id=call.schema_id, name=p_module_name)
    if not found and not call.settings.delete_absent_module_silent:
        raise unknown(call.settings.unknown_name_code, f"Module not found: {p_module_name}")


def publish_module(call: Call, *, p_module_name: Varchar, p_status: Varchar = "PUBLISHED") -> None:
    """Change the module's status; what is below stays."""
    module = module_row(call, p_module_name)
    call.update("ords_modules", {"status": one_of(call.settings, "p_status", p_status, _STATUSES)}, id=module["id"])


def rename_module(
    call: Call, *, p_module_name: Varchar, p_new_name: Varchar = None, p_new_base_path: Varchar = None
) -> None:
    """Change the module's name, base path or both; what is below stays."""
    module = module_row(call, p_module_name)
    name = text(_MODULES, "NAME", p_new_name) or str(p_module_name)
    path = text(_MODULES, "URI_PREFIX", p_new_base_path) or str(module["uri_prefix"])
    if name != p_module_name and call.find("ords_modules", ["id"], schema_id=call.schema_id, name=name):
        raise duplicate(call.settings, "ORDS_MODULES_UNIQUE1", f"Module {name} already exists")
    _refuse_taken_base_path(call, path, except_module=str(p_module_name))
    call.update("ords_modules", {"name": name, "uri_prefix": path}, id=module["id"])


def set_module_origins_allowed(call: Call, *, p_module_name: Varchar, p_origins_allowed: Varchar) -> None:
    """Set the module's CORS origins, a comma list; the empty string clears them."""
    module = module_row(call, p_module_name)
    origins = text(_MODULES, "ORIGINS_ALLOWED", p_origins_allowed)
    call.update("ords_modules", {"origins_allowed": origins}, id=module["id"])


def module_row(call: Call, name: Varchar) -> dict[str, Any]:
    """Return ID and base path of the schema's module *name*; unknown is an error."""
    found = call.find("ords_modules", ["id", "uri_prefix"], schema_id=call.schema_id, name=name)
    if found is None:
        raise unknown(call.settings.unknown_parent_code, f"Module not found: {name}")
    return found


def _template_id(call: Call, module: Varchar, pattern: Varchar) -> int:
    found = call.find("ords_templates", ["id"], module_id=module_row(call, module)["id"], uri_template=pattern)
    if found is None:
        raise unknown(call.settings.unknown_parent_code, f"Template not found: {pattern}")
    return int(found["id"])


def _handler_id(call: Call, module: Varchar, pattern: Varchar, method: Varchar) -> int:
    found = call.find("ords_handlers", ["id"], template_id=_template_id(call, module, pattern), method=method)
    if found is None:
        raise unknown(call.settings.unknown_parent_code, f"Handler not found: {method} {pattern}")
    return int(found["id"])
