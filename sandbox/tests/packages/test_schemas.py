"""Enabling schemas, who may call what, the views and the metadata of the packages."""

import pytest

from oracleapi_sandbox.oracle.packages import registry, views
from oracleapi_sandbox.oracle.packages.repository import record_version
from oracleapi_sandbox.oracle.packages.settings import RepositorySettings
from oracleapi_sandbox.oracle.ports import OracleError


def failure(session, name, **arguments):
    with pytest.raises(OracleError) as caught:
        session.call(name, **arguments)
    return caught.value


def test_enabling_registers_the_schema_lets_the_runtime_user_through_and_commits(ords, operator):
    operator.call("ORDS_ADMIN.DEFINE_MODULE", p_schema="HR", p_module_name="pending", p_base_path="/p/")
    operator.call("ORDS_ADMIN.ENABLE_SCHEMA", p_schema="SALES", p_url_mapping_pattern="sales-api")
    assert ords.definer_statements == [
        ("ORDS_METADATA", 'ALTER USER "SALES" GRANT CONNECT THROUGH ORDS_PUBLIC_USER'),
    ]
    snapshot = ords.snapshot()
    assert snapshot.schemas["sales-api"].parsing_schema == "SALES"
    assert snapshot.schemas["hr"].modules


def test_enabling_can_leave_the_transaction_open(ords, operator):
    ords.settings.apply({"enable_schema_commits": False})
    operator.call("ORDS_ADMIN.ENABLE_SCHEMA", p_schema="SALES")
    assert "sales" not in ords.snapshot().schemas
    operator.rollback()
    assert ("SALES",) not in operator.view("DBA_ORDS_SCHEMAS", "PARSING_SCHEMA")


def test_enabling_again_is_the_same_schema(operator):
    before = operator.view("DBA_ORDS_SCHEMAS", "ID", "PATTERN", "STATUS")
    roles = operator.view("DBA_ORDS_ROLES", "NAME")
    operator.call("ORDS_ADMIN.ENABLE_SCHEMA", p_enabled=True, p_schema="hr")
    assert operator.view("DBA_ORDS_SCHEMAS", "ID", "PATTERN", "STATUS") == before
    assert operator.view("DBA_ORDS_ROLES", "NAME") == roles


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"p_schema": "NOBODY"}, 1918),
        ({"p_schema": "SYS"}, 20002),
        ({"p_schema": "HR", "p_url_mapping_pattern": "people"}, 20049),
        ({"p_schema": "SALES", "p_url_mapping_pattern": "hr"}, 1),
        ({"p_schema": "SALES", "p_url_mapping_pattern": "a/b"}, 20002),
        ({"p_schema": "SALES", "p_url_mapping_type": "PATH"}, 20002),
    ],
)
def test_wrong_enablings_are_refused_and_change_nothing(ords, operator, arguments, code):
    assert failure(operator, "ORDS_ADMIN.ENABLE_SCHEMA", **arguments).code == code
    operator.commit()
    assert list(ords.snapshot().schemas) == ["hr"]
    assert ords.definer_statements == []


def test_lower_case_schema_names_are_folded_unless_switched_off(ords, operator):
    ords.settings.apply({"fold_schema_names": False})
    assert failure(operator, "ORDS_ADMIN.ENABLE_SCHEMA", p_schema="sales").code == 1918
    assert failure(operator, "ORDS_ADMIN.CREATE_ROLE", p_schema="hr", p_role_name="r").code == 1403
    ords.settings.apply({"fold_schema_names": True})
    operator.call("ORDS_ADMIN.CREATE_ROLE", p_schema="hr", p_role_name="r")


def test_an_alias_changes_only_while_the_schema_is_disabled(ords, operator):
    mapping = {"p_schema": "HR", "p_url_mapping_type": "BASE_PATH", "p_url_mapping_pattern": "people"}
    assert failure(operator, "ORDS_ADMIN.SET_URL_MAPPING", **mapping).code == 20049
    operator.call("ORDS_ADMIN.CREATE_ROLE", p_schema="HR", p_role_name="kept")
    operator.call("ORDS_ADMIN.ENABLE_SCHEMA", p_enabled=False, p_schema="HR")
    operator.call("ORDS_ADMIN.SET_URL_MAPPING", **mapping)
    operator.commit()
    schema = ords.snapshot().schemas["people"]
    assert (schema.enabled, "kept" in schema.roles) == (False, True)
    operator.call("ORDS_ADMIN.ENABLE_SCHEMA", p_schema="HR", p_url_mapping_pattern="people")
    assert ords.snapshot().schemas["people"].enabled


def test_a_disabled_schema_takes_no_definitions_but_lets_go_of_them(ords, operator):
    operator.call("ORDS_ADMIN.DEFINE_MODULE", p_schema="HR", p_module_name="m", p_base_path="/m/")
    operator.call("ORDS_ADMIN.ENABLE_SCHEMA", p_enabled=False, p_schema="HR")
    role = {"p_schema": "HR", "p_role_name": "r"}
    assert failure(operator, "ORDS_ADMIN.CREATE_ROLE", **role).code == 20002
    operator.call("ORDS_ADMIN.DELETE_MODULE", p_schema="HR", p_module_name="m")
    ords.settings.apply({"disabled_schema_refuses_definitions": False})
    operator.call("ORDS_ADMIN.CREATE_ROLE", **role)


def test_auto_rest_auth_protects_the_metadata_catalogue(operator):
    def catalogue():
        return [row for row in operator.view("DBA_ORDS_PRIVILEGE_MAPPINGS", "PATTERN") if "catalog" in row[0]]

    assert catalogue() == []
    operator.call("ORDS_ADMIN.ENABLE_SCHEMA", p_schema="HR", p_auto_rest_auth=True)
    assert catalogue() == [("/metadata-catalog/*",)]
    operator.call("ORDS_ADMIN.ENABLE_SCHEMA", p_schema="HR", p_auto_rest_auth=False)
    assert catalogue() == []


def test_dropping_rest_for_a_schema_leaves_nothing_of_it(ords, operator):
    operator.call("ORDS_ADMIN.DEFINE_MODULE", p_schema="HR", p_module_name="m", p_base_path="/m/")
    operator.call("ORDS_ADMIN.DROP_REST_FOR_SCHEMA", p_schema="HR")
    operator.commit()
    assert ords.snapshot().schemas == {}
    assert operator.view("DBA_ORDS_ROLES", "NAME") == []


def test_only_administrators_see_the_admin_packages(ords):
    hr = ords.session("HR")
    for call in ("ORDS_ADMIN.DELETE_MODULE", "ORDS_SECURITY_ADMIN.DELETE_JWT_PROFILE"):
        assert "PLS-00201" in failure(hr, call, p_schema="HR").message
    ords.settings.apply({"security_admin_public": True})
    hr.call("ORDS_SECURITY_ADMIN.DELETE_JWT_PROFILE", p_schema="HR")


def test_ords_acts_on_the_current_schema_which_must_be_registered(ords):
    hr, sales = ords.session("HR"), ords.session("SALES")
    hr.call("ORDS.DEFINE_MODULE", p_module_name="mine", p_base_path="/mine/")
    assert hr.view("USER_ORDS_MODULES", "NAME", "CREATED_BY") == [("mine", "HR")]
    hr.commit()
    assert sales.view("USER_ORDS_MODULES", "NAME") == []
    assert failure(sales, "ORDS.DEFINE_MODULE", p_module_name="x", p_base_path="/x/").code == 1403
    sales.call("ORDS.ENABLE_SCHEMA")
    sales.call("ORDS.DEFINE_MODULE", p_module_name="x", p_base_path="/x/")


def test_ords_follows_the_current_schema_or_stays_with_the_user(ords):
    session = ords.session("SALES")
    session.session.current_schema = "HR"
    session.call("ORDS.DELETE_MODULE", p_module_name="m")
    ords.settings.apply({"ords_acts_on": "session_user"})
    assert failure(session, "ORDS.DELETE_MODULE", p_module_name="m").code == 1403


def test_other_schemas_are_enabled_and_dropped_by_administrators_only(ords):
    hr = ords.session("HR")
    assert failure(hr, "ORDS.ENABLE_SCHEMA", p_schema="SALES").code == 20031
    assert failure(hr, "ORDS.DROP_REST_FOR_SCHEMA", p_schema="SALES").code == 20031
    hr.administrator = True
    hr.call("ORDS.ENABLE_SCHEMA", p_schema="SALES")
    hr.call("ORDS.DROP_REST_FOR_SCHEMA", p_schema="SALES")


@pytest.mark.parametrize("user", ["SYS", "SYSTEM"])
def test_sys_lends_no_rights_unless_switched(ords, user):
    session = ords.session(user, administrator=True)
    arguments = {"p_schema": "HR", "p_role_name": "r"}
    assert failure(session, "ORDS_ADMIN.CREATE_ROLE", **arguments).code == 6598
    ords.settings.apply({"sys_calls_refused": False})
    session.call("ORDS_ADMIN.CREATE_ROLE", **arguments)


def test_during_an_installation_every_call_finds_no_data(ords, operator):
    ords.settings.apply({"installing": True})
    record_version(operator.sql, ords.settings)
    assert failure(operator, "ORDS_ADMIN.CREATE_ROLE", p_schema="HR", p_role_name="r").code == 1403
    assert operator.view("ORDS_VERSION", "STATUS") == [("INSTALLING",)]


def test_the_version_is_what_is_set(ords, operator):
    ords.settings.apply({"installed_version": "24.2.3.r2011847"})
    record_version(operator.sql, ords.settings)
    assert operator.call("ORDS.INSTALLED_VERSION") == "24.2.3.r2011847"
    assert operator.view("ORDS_VERSION", "VERSION", "STATUS") == [("24.2.3.r2011847", "VALID")]


def test_every_view_answers_with_the_columns_it_describes(ords, operator):
    for view in views.dictionary_views("'HR'::varchar"):
        described = operator.connection.describe(view.sql)
        assert tuple(each.name for each in described) == tuple(column.name for column in view.columns)
    clobs = [
        (view.name, each.name)
        for view in views.dictionary_views("'HR'")
        for each in view.columns
        if each.type == "CLOB"
    ]
    assert clobs == [("DBA_ORDS_HANDLERS", "SOURCE"), ("USER_ORDS_HANDLERS", "SOURCE")]


def test_all_arguments_names_overloads_positions_and_types():
    rows = registry.argument_rows(registry.supplied_packages(RepositorySettings()))

    def arguments(package, name, overload=None):
        found = [
            each for each in rows if (each.package_name, each.object_name, each.overload) == (package, name, overload)
        ]
        return [(each.position, each.argument_name, each.data_type, each.defaulted) for each in found]

    assert arguments("ORDS_ADMIN", "PUBLISH_MODULE") == [
        (1, "P_SCHEMA", "VARCHAR2", "N"),
        (2, "P_MODULE_NAME", "VARCHAR2", "N"),
        (3, "P_STATUS", "VARCHAR2", "Y"),
    ]
    assert arguments("ORDS", "INSTALLED_VERSION") == [(0, None, "VARCHAR2", "N")]
    assert [name for _, name, *_ in arguments("ORDS_ADMIN", "DEFINE_PRIVILEGE", "1")][:4] == [
        "P_SCHEMA",
        "P_PRIVILEGE_NAME",
        "P_ROLES",
        "P_LABEL",
    ]
    assert (5, "P_MODULES", "PL/SQL TABLE", "N") in arguments("ORDS_ADMIN", "DEFINE_PRIVILEGE", "3")
    assert (6, "P_SOURCE", "CLOB", "N") in arguments("ORDS_ADMIN", "DEFINE_HANDLER")
    assert (1, "P_ENABLED", "PL/SQL BOOLEAN", "Y") in arguments("ORDS", "ENABLE_SCHEMA")
    assert "P_ROLE_CLAIM_NAME" in [name for _, name, *_ in arguments("ORDS_SECURITY_ADMIN", "CREATE_JWT_PROFILE")]


@pytest.mark.parametrize("changes", [{"no_such": 1}, {"strict": "yes"}, {"define_module_existing": "ignore"}])
def test_switches_refuse_unknown_names_and_values_and_change_nothing(changes):
    settings = RepositorySettings()
    with pytest.raises(ValueError, match="switch"):
        settings.apply({"refusal_code": 20999, **changes})
    assert settings == RepositorySettings()


def test_switches_go_back_to_their_defaults():
    settings = RepositorySettings(strict=False)
    settings.reset()
    assert settings == RepositorySettings()
