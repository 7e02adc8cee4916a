"""Every disputed behaviour of the ORDS packages is a switch: both positions, over the wire.

The switches are the sandbox's own (``PUT /_sandbox/settings``, ``{"repository": {...}}``); what real ORDS does is not
known, or sources disagree.
"""

from collections.abc import Callable
from typing import Any

import oracledb
import pytest

from support.ords import HR, Connect, array, call, define, put_switches, rows
from support.parts import Part

Scenario = Callable[[oracledb.Connection], Any]
PROFILE = {**HR, "p_issuer": "https://idp/", "p_audience": "api", "p_jwk_url": "https://idp/jwks"}


def code(connection: oracledb.Connection, name: str, **arguments: Any) -> int:
    """Call and return the ORA- number, or 0."""
    try:
        call(connection, name, **arguments)
    except oracledb.DatabaseError as error:
        return int(error.args[0].code)
    return 0


def define_again(operator: oracledb.Connection) -> int:
    define(operator)
    return code(operator, "ORDS_ADMIN.DEFINE_MODULE", **HR, p_module_name="hr", p_base_path="/hr/")


def handlers_after_define_again(operator: oracledb.Connection) -> int:
    define_again(operator)
    return len(rows(operator, "select id from dba_ords_handlers"))


def id_stays(operator: oracledb.Connection) -> bool:
    define(operator)
    before = rows(operator, "select id from dba_ords_modules")
    define_again(operator)
    return rows(operator, "select id from dba_ords_modules") == before


def links_and_origins(operator: oracledb.Connection) -> tuple[int, bool]:
    define(operator)
    call(operator, "ORDS_ADMIN.SET_MODULE_ORIGINS_ALLOWED", **HR, p_module_name="hr", p_origins_allowed="https://a")
    call(operator, "ORDS_ADMIN.DEFINE_PRIVILEGE", **HR, p_privilege_name="p", p_roles=array(operator))
    call(operator, "ORDS_ADMIN.SET_MODULE_PRIVILEGE", **HR, p_module_name="hr", p_privilege_name="p")
    call(operator, "ORDS_ADMIN.DEFINE_MODULE", **HR, p_module_name="hr", p_base_path="/hr/")
    ((origins,),) = rows(operator, "select origins_allowed from dba_ords_modules")
    return len(rows(operator, "select module_id from dba_ords_privilege_modules")), origins is not None


def unknown_parent(operator: oracledb.Connection) -> int:
    return code(operator, "ORDS_ADMIN.DEFINE_TEMPLATE", **HR, p_module_name="no", p_pattern="x")


def unknown_schema(operator: oracledb.Connection) -> int:
    return code(operator, "ORDS_ADMIN.CREATE_ROLE", p_schema="NOBODY", p_role_name="r")


def unknown_role(operator: oracledb.Connection) -> int:
    roles = array(operator, "no")
    return code(operator, "ORDS_ADMIN.DEFINE_PRIVILEGE", **HR, p_privilege_name="p", p_roles=roles)


def taken_base_path(operator: oracledb.Connection) -> int:
    define(operator)
    return code(operator, "ORDS_ADMIN.DEFINE_MODULE", **HR, p_module_name="other", p_base_path="/hr/")


def existing_role(operator: oracledb.Connection) -> int:
    call(operator, "ORDS_ADMIN.CREATE_ROLE", **HR, p_role_name="r")
    return code(operator, "ORDS_ADMIN.CREATE_ROLE", **HR, p_role_name="r")


def modules_of_first_and_second(operator: oracledb.Connection) -> list[tuple[str]]:
    define(operator)
    for name in ("first", "second"):
        call(operator, "ORDS_ADMIN.DEFINE_PRIVILEGE", **HR, p_privilege_name=name, p_roles=array(operator))
        call(operator, "ORDS_ADMIN.SET_MODULE_PRIVILEGE", **HR, p_module_name="hr", p_privilege_name=name)
    return rows(operator, "select privilege_name from dba_ords_privilege_modules order by privilege_name")


def patterns_after_short_overload(operator: oracledb.Connection) -> int:
    privilege = {**HR, "p_privilege_name": "p", "p_roles": array(operator)}
    call(operator, "ORDS_ADMIN.DEFINE_PRIVILEGE", **privilege, p_patterns=array(operator, "/a", "/b"))
    call(operator, "ORDS_ADMIN.DEFINE_PRIVILEGE", **privilege)
    return len(rows(operator, "select pattern from dba_ords_privilege_mappings where name = 'p'"))


def enabled_after_rollback(operator: oracledb.Connection) -> int:
    call(operator, "ORDS_ADMIN.ENABLE_SCHEMA", p_schema="SALES")
    operator.rollback()
    return len(rows(operator, "select id from dba_ords_schemas where parsing_schema = 'SALES'"))


def role_in_disabled_schema(operator: oracledb.Connection) -> int:
    call(operator, "ORDS_ADMIN.ENABLE_SCHEMA", p_enabled=False, p_schema="HR")
    return code(operator, "ORDS_ADMIN.CREATE_ROLE", **HR, p_role_name="r")


def lower_case_schema(operator: oracledb.Connection) -> int:
    return code(operator, "ORDS_ADMIN.CREATE_ROLE", p_schema="hr", p_role_name="r")


def ords_with_another_current_schema(operator: oracledb.Connection) -> int:
    operator.current_schema = "HR"
    return code(operator, "ORDS.DELETE_MODULE", p_module_name="hr")


def pattern_without_slash(operator: oracledb.Connection) -> int:
    privilege = {**HR, "p_privilege_name": "p", "p_roles": array(operator)}
    return code(operator, "ORDS_ADMIN.DEFINE_PRIVILEGE", **privilege, p_patterns=array(operator, "a/*"))


def handler(**arguments: Any) -> Scenario:
    def scenario(operator: oracledb.Connection) -> int:
        define(operator)
        wanted = {**HR, "p_module_name": "hr", "p_pattern": "employees/:id", "p_source": "x", **arguments}
        return code(operator, "ORDS_ADMIN.DEFINE_HANDLER", **wanted)

    return scenario


def role_claim(operator: oracledb.Connection) -> int:
    return code(operator, "ORDS_SECURITY_ADMIN.CREATE_JWT_PROFILE", **PROFILE, p_role_claim_name="/roles")


def role_claim_arguments(operator: oracledb.Connection) -> int:
    return len(rows(operator, "select 1 from all_arguments where argument_name = 'P_ROLE_CLAIM_NAME'"))


def version(operator: oracledb.Connection) -> list[tuple[str, str]]:
    return rows(operator, "select ords.installed_version, (select version from ords_metadata.ords_version) from dual")


def delete_absent(name: str, **arguments: Any) -> Scenario:
    return lambda operator: code(operator, name, **HR, **arguments)


MODULE, ROLE = {"p_module_name": "no"}, {"p_role_name": "no"}
SWITCHES: list[tuple[str, Any, Scenario, Any]] = [
    ("define_module_existing", "replace", define_again, 0),
    ("define_module_existing", "raise", define_again, 1),
    ("replace_drops_children", True, handlers_after_define_again, 0),
    ("replace_drops_children", False, handlers_after_define_again, 1),
    ("ids_renewed_on_replace", True, id_stays, False),
    ("ids_renewed_on_replace", False, id_stays, True),
    ("module_links_survive_define", False, links_and_origins, (0, False)),
    ("module_links_survive_define", True, links_and_origins, (1, True)),
    ("unknown_parent_code", 1403, unknown_parent, 1403),
    ("unknown_parent_code", 20017, unknown_parent, 20017),
    ("unknown_name_code", 1403, unknown_schema, 1403),
    ("unknown_name_code", 20018, unknown_schema, 20018),
    ("duplicate_code", 1, taken_base_path, 1),
    ("duplicate_code", 20019, taken_base_path, 20019),
    ("refusal_code", 20002, existing_role, 20002),
    ("refusal_code", 20999, existing_role, 20999),
    ("delete_absent_module_silent", True, delete_absent("ORDS_ADMIN.DELETE_MODULE", **MODULE), 0),
    ("delete_absent_module_silent", False, delete_absent("ORDS_ADMIN.DELETE_MODULE", **MODULE), 1403),
    ("delete_absent_role_silent", True, delete_absent("ORDS_ADMIN.DELETE_ROLE", **ROLE), 0),
    ("delete_absent_role_silent", False, delete_absent("ORDS_ADMIN.DELETE_ROLE", **ROLE), 1403),
    ("delete_absent_privilege_silent", True, delete_absent("ORDS_ADMIN.DELETE_PRIVILEGE", p_name="no"), 0),
    ("delete_absent_privilege_silent", False, delete_absent("ORDS_ADMIN.DELETE_PRIVILEGE", p_name="no"), 1403),
    ("delete_absent_jwt_profile_silent", True, delete_absent("ORDS_SECURITY_ADMIN.DELETE_JWT_PROFILE"), 0),
    ("delete_absent_jwt_profile_silent", False, delete_absent("ORDS_SECURITY_ADMIN.DELETE_JWT_PROFILE"), 1403),
    ("privilege_references_checked", True, unknown_role, 1403),
    ("privilege_references_checked", False, unknown_role, 0),
    ("omitted_privilege_arrays", "clear", patterns_after_short_overload, 0),
    ("omitted_privilege_arrays", "keep", patterns_after_short_overload, 2),
    ("set_module_privilege", "replace", modules_of_first_and_second, [("second",)]),
    ("set_module_privilege", "add", modules_of_first_and_second, [("first",), ("second",)]),
    ("enable_schema_commits", True, enabled_after_rollback, 1),
    ("enable_schema_commits", False, enabled_after_rollback, 0),
    ("disabled_schema_refuses_definitions", True, role_in_disabled_schema, 20002),
    ("disabled_schema_refuses_definitions", False, role_in_disabled_schema, 0),
    ("fold_schema_names", True, lower_case_schema, 0),
    ("fold_schema_names", False, lower_case_schema, 1403),
    ("ords_acts_on", "current_schema", ords_with_another_current_schema, 0),
    ("ords_acts_on", "session_user", ords_with_another_current_schema, 1403),
    ("strict", True, pattern_without_slash, 20002),
    ("strict", False, pattern_without_slash, 0),
    ("patch_method", False, handler(p_method="PATCH"), 20002),
    ("patch_method", True, handler(p_method="PATCH"), 0),
    ("mle_handlers", False, handler(p_source_type="mle/javascript"), 20002),
    ("mle_handlers", True, handler(p_source_type="mle/javascript"), 0),
    ("jwt_role_claim", True, role_claim, 0),
    ("jwt_role_claim", False, role_claim, 6550),
    ("jwt_role_claim", True, role_claim_arguments, 2),
    ("jwt_role_claim", False, role_claim_arguments, 0),
    ("installed_version", "24.2.3.r2011847", version, [("24.2.3.r2011847", "24.2.3.r2011847")]),
    ("installing", False, delete_absent("ORDS_ADMIN.DELETE_MODULE", **MODULE), 0),
    ("installing", True, delete_absent("ORDS_ADMIN.DELETE_MODULE", **MODULE), 1403),
]


@pytest.mark.parametrize(("switch", "position", "scenario", "expected"), SWITCHES)
def test_a_switch_decides(
    part: Part, operator: oracledb.Connection, switch: str, position: Any, scenario: Scenario, expected: Any
) -> None:
    """[U] Each behaviour has the positions that sources claim."""
    put_switches(part, **{switch: position}).raise_for_status()
    assert scenario(operator) == expected


@pytest.mark.parametrize(("opened", "expected"), [(False, 6550), (True, 0)])
def test_the_security_package_was_open_to_everybody_before_26_2_1(
    part: Part, operator: oracledb.Connection, connect: Connect, opened: bool, expected: int
) -> None:
    """[R] ORDS_SECURITY_ADMIN was executable by PUBLIC."""
    put_switches(part, security_admin_public=opened).raise_for_status()
    assert code(connect("stranger"), "ORDS_SECURITY_ADMIN.DELETE_JWT_PROFILE", **HR) == expected


@pytest.mark.parametrize(("refused", "expected"), [(True, 6598), (False, 0)])
def test_sys_lends_no_rights(
    part: Part, operator: oracledb.Connection, system: oracledb.Connection, refused: bool, expected: int
) -> None:
    """[R] ORA-06598 for SYS and SYSTEM."""
    put_switches(part, sys_calls_refused=refused).raise_for_status()
    assert code(system, "ORDS_ADMIN.DELETE_MODULE", **HR, **MODULE) == expected


@pytest.mark.parametrize("switches", [{"no_such": True}, {"strict": "yes"}])
def test_unknown_switches_and_values_are_refused(
    part: Part, operator: oracledb.Connection, switches: dict[str, Any]
) -> None:
    assert put_switches(part, **switches).status_code == 400
