"""The ORDS packages and views over the wire, as python-oracledb uses them.

Each expectation carries its source: [D] documented, [R] seen in public code, [M] general knowledge, [U] unconfirmed.
"""

from typing import Any

import oracledb
import pytest

from support.ords import MODULE, Connect, array, call, define, rows


def refused(connection: oracledb.Connection, name: str, **arguments: Any) -> oracledb.DatabaseError:
    with pytest.raises(oracledb.DatabaseError) as caught:
        call(connection, name, **arguments)
    return caught.value.args[0]


def test_a_module_defined_in_one_transaction_is_invisible_to_others_until_commit(
    operator: oracledb.Connection, connect: Connect
) -> None:
    """[D] COMMIT is required."""
    other = connect("operator")
    define(operator)
    names = "select name, uri_prefix, status, items_per_page from dba_ords_modules"
    assert rows(operator, names) == [("hr", "/hr/", "PUBLISHED", 25)]
    assert rows(other, names) == []
    operator.commit()
    assert rows(other, names) == [("hr", "/hr/", "PUBLISHED", 25)]


def test_rollback_restores_what_was_committed(operator: oracledb.Connection) -> None:
    """[D] The packages are DML."""
    define(operator)
    operator.commit()
    call(operator, "ORDS_ADMIN.DELETE_MODULE", **MODULE)
    assert rows(operator, "select name from dba_ords_modules") == []
    operator.rollback()
    assert rows(operator, "select uri_template from dba_ords_templates") == [("employees/:id",)]


def test_ddl_commits_pending_metadata(operator: oracledb.Connection, connect: Connect) -> None:
    """[M] Any DDL commits; ENABLE_SCHEMA issues ALTER USER."""
    define(operator)
    call(operator, "ORDS_ADMIN.ENABLE_SCHEMA", p_schema="SALES", p_url_mapping_pattern="sales-api")
    operator.rollback()
    other = connect("operator")
    assert rows(other, "select name from dba_ords_modules") == [("hr",)]
    assert rows(other, "select client from proxy_users where proxy = 'ORDS_PUBLIC_USER' order by client") == [
        ("HR",),
        ("SALES",),
    ]


def test_defining_a_module_again_replaces_it_with_everything_below(operator: oracledb.Connection) -> None:
    """[R] Create or replace; children go."""
    define(operator)
    ids = rows(operator, "select id from dba_ords_modules")
    call(operator, "ORDS_ADMIN.DEFINE_MODULE", **MODULE, p_base_path="/hr2/", p_items_per_page=0)
    assert rows(operator, "select uri_prefix, items_per_page from dba_ords_modules") == [("/hr2/", 0)]
    assert rows(operator, "select count(*) from dba_ords_handlers") == [(0,)]
    assert rows(operator, "select id from dba_ords_modules") != ids


@pytest.mark.parametrize("size", [10, 4_001, 32_767, 32_768, 200_000])
def test_sources_of_any_size_are_kept_as_clob(operator: oracledb.Connection, size: int) -> None:
    """[D] p_source is a CLOB; stored as is."""
    source = ("select 'größe ' || :id from dual -- " * (size // 30 + 1))[:size]
    define(operator, source)
    with operator.cursor() as cursor:
        cursor.execute("select source from dba_ords_handlers")
        assert cursor.description[0].type_code is oracledb.DB_TYPE_CLOB
        ((lob,),) = cursor.fetchall()
        assert lob.read() == source


def test_privileges_take_arrays_in_all_three_overloads(operator: oracledb.Connection) -> None:
    """[D] DEFINE_PRIVILEGE; arrays are complete sets; an empty array is allowed [R]."""
    define(operator)
    call(operator, "ORDS_ADMIN.CREATE_ROLE", p_schema="HR", p_role_name="reader")
    privilege = {"p_schema": "HR", "p_privilege_name": "hr.read", "p_roles": array(operator, "reader")}
    patterns = {"p_patterns": array(operator, "/hr", "/hr/*")}
    full = {**privilege, **patterns, "p_modules": array(operator, "hr"), "p_label": "L", "p_comments": "{}"}
    mapped = "select pattern from dba_ords_privilege_mappings where name = 'hr.read' order by pattern"
    linked = "select role_name from dba_ords_privilege_roles where privilege_name = 'hr.read'"
    modules = "select module_name from dba_ords_privilege_modules where privilege_name = 'hr.read'"

    call(operator, "ORDS_ADMIN.DEFINE_PRIVILEGE", **full)
    assert rows(operator, mapped) == [("/hr",), ("/hr/*",)]
    assert (rows(operator, linked), rows(operator, modules)) == ([("reader",)], [("hr",)])
    call(operator, "ORDS_ADMIN.DEFINE_PRIVILEGE", **{**privilege, "p_roles": array(operator)}, **patterns)
    assert (rows(operator, linked), rows(operator, modules)) == ([], [])
    call(operator, "ORDS_ADMIN.DEFINE_PRIVILEGE", **privilege)
    assert (rows(operator, linked), rows(operator, mapped)) == ([("reader",)], [])


def test_a_block_fills_arrays_as_exports_do(operator: oracledb.Connection) -> None:
    """[R] Layout of real exports: OWA.VC_ARR variables, cleared with DELETE between privileges."""
    define(operator)
    with operator.cursor() as cursor:
        cursor.execute(
            """
            declare
              l_roles    owa.vc_arr;
              l_modules  owa.vc_arr;
              l_patterns owa.vc_arr;
            begin
              ords_admin.create_role(p_schema => 'HR', p_role_name => 'reader');
              l_roles(1) := 'reader';
              l_patterns(1) := '/hr/*';
              ords_admin.define_privilege(p_schema => 'HR', p_privilege_name => 'one', p_roles => l_roles,
                p_patterns => l_patterns, p_modules => l_modules, p_label => 'One', p_description => null,
                p_comments => null);
              l_roles.delete;
              l_patterns.delete;
              l_modules(1) := 'hr';
              ords_admin.define_privilege(p_schema => 'HR', p_privilege_name => 'two', p_roles => l_roles,
                p_patterns => l_patterns, p_modules => l_modules);
              ords_admin.define_handler(p_schema => 'HR', p_module_name => 'hr', p_pattern => 'employees/:id',
                p_method => 'PUT', p_source_type => ords_admin.source_type_plsql, p_source => 'begin null; end;');
              commit;
            end;"""
        )
    own = "select name, label from dba_ords_privileges where created_by = 'OPERATOR' order by name"
    assert rows(operator, own) == [("one", "One"), ("two", None)]
    assert rows(operator, "select source_type from dba_ords_handlers order by method") == [
        ("json/collection",),
        ("plsql/block",),
    ]


def test_a_failed_call_leaves_the_transaction_as_it_was(operator: oracledb.Connection) -> None:
    """[M] Statement-level atomicity."""
    define(operator)
    wrong = {**MODULE, "p_base_path": "/hr/", "p_status": "LIVE"}
    assert 20000 <= refused(operator, "ORDS_ADMIN.DEFINE_MODULE", **wrong).code <= 20999
    operator.commit()
    assert rows(operator, "select count(*) from dba_ords_handlers") == [(1,)]


def test_a_handler_below_an_unknown_module_finds_no_data(operator: oracledb.Connection) -> None:
    """[R] ORA-01403, catchable in PL/SQL."""
    unknown = {"p_schema": "HR", "p_module_name": "no", "p_pattern": "x", "p_source": "select 1 from dual"}
    assert refused(operator, "ORDS_ADMIN.DEFINE_HANDLER", **unknown).full_code == "ORA-01403"


def test_without_the_role_the_admin_packages_and_views_are_not_there(
    operator: oracledb.Connection, connect: Connect
) -> None:
    """[M] PLS-00201 in ORA-06550; ORA-00942."""
    stranger = connect("stranger")
    for name in ("ORDS_ADMIN.DELETE_MODULE", "ORDS_SECURITY_ADMIN.DELETE_JWT_PROFILE"):
        error = refused(stranger, name, p_schema="HR")
        assert (error.code, "PLS-00201" in error.message) == (6550, True)
    with pytest.raises(oracledb.DatabaseError) as caught:
        rows(stranger, "select name from dba_ords_modules")
    assert caught.value.args[0].code == 942
    assert rows(stranger, "select name from user_ords_modules") == []


def test_ords_acts_on_the_own_schema(operator: oracledb.Connection, connect: Connect) -> None:
    """[D] ORDS.* and USER_ORDS_*."""
    hr, sales = connect("hr"), connect("sales")
    call(hr, "ORDS.DEFINE_MODULE", p_module_name="mine", p_base_path="/mine/")
    assert rows(hr, "select name, created_by from user_ords_modules") == [("mine", "HR")]
    hr.commit()
    assert rows(sales, "select name from user_ords_modules") == []
    assert refused(sales, "ORDS.DEFINE_MODULE", p_module_name="x", p_base_path="/x/").code == 1403
    call(sales, "ORDS.ENABLE_SCHEMA")
    assert rows(sales, "select pattern, status from user_ords_schemas") == [("sales", "ENABLED")]


def test_a_jwt_profile_is_one_per_schema(operator: oracledb.Connection) -> None:
    """[D] Create fails when one exists; https only."""
    profile = {"p_schema": "HR", "p_issuer": "https://idp/", "p_audience": "api", "p_jwk_url": "https://idp/jwks"}
    call(operator, "ORDS_SECURITY_ADMIN.CREATE_JWT_PROFILE", **profile, p_allowed_skew=10, p_role_claim_name="/roles")
    assert rows(operator, "select issuer, audience, jwk_url, allowed_skew, allowed_age from dba_ords_jwt_profile") == [
        ("https://idp/", "api", "https://idp/jwks", 10, None)
    ]
    assert 20000 <= refused(operator, "ORDS_SECURITY_ADMIN.CREATE_JWT_PROFILE", **profile).code <= 20999
    call(operator, "ORDS_SECURITY_ADMIN.DELETE_JWT_PROFILE", p_schema="HR")
    plain = {**profile, "p_jwk_url": "http://idp/jwks"}
    assert 20000 <= refused(operator, "ORDS_SECURITY_ADMIN.CREATE_JWT_PROFILE", **plain).code <= 20999


def test_builtin_roles_and_privileges_appear_with_the_schema(operator: oracledb.Connection) -> None:
    """[R] ORDS makes them itself; CREATED_BY tells them apart."""
    roles = dict(rows(operator, "select name, created_by from dba_ords_roles"))
    assert {"SQL Developer", "oracle.dbtools.role.autorest.HR"} <= set(roles)
    assert set(roles.values()) == {"ORDS_METADATA"}


def test_the_version_and_the_optional_parameters_can_be_detected(operator: oracledb.Connection) -> None:
    """[R] INSTALLED_VERSION; ALL_ARGUMENTS."""
    ((version,),) = rows(operator, "select ords.installed_version from dual")
    assert version.count(".") == 3
    optional = """
        select argument_name, defaulted, in_out from all_arguments
        where owner = 'ORDS_METADATA' and package_name = 'ORDS_SECURITY_ADMIN' and object_name = 'CREATE_JWT_PROFILE'
        and argument_name = 'P_ROLE_CLAIM_NAME'"""
    assert rows(operator, optional) == [("P_ROLE_CLAIM_NAME", "Y", "IN")]
    overloads = """
        select count(distinct overload) from all_arguments
        where package_name = 'ORDS_ADMIN' and object_name = 'DEFINE_PRIVILEGE'"""
    assert rows(operator, overloads) == [(3,)]


@pytest.mark.parametrize(
    ("name", "pls"),
    [("ORDS_ADMIN.DELETE_TEMPLATE", "PLS-00302"), ("ORDS_ADMIN.PUBLISH_MODULE", "PLS-00306")],
)
def test_unknown_subprograms_and_parameters_do_not_compile(operator: oracledb.Connection, name: str, pls: str) -> None:
    """[M] Surfaces as ORA-06550."""
    error = refused(operator, name, p_schema="HR", p_id=1)
    assert (error.code, pls in error.message) == (6550, True)


def test_the_views_have_the_types_that_the_driver_expects(operator: oracledb.Connection) -> None:
    """[R] NUMBER ids, VARCHAR2 names, DATE audit columns."""
    with operator.cursor() as cursor:
        cursor.execute("select * from dba_ords_modules")
        found = {column.name: column.type_code for column in cursor.description}
    assert found["ID"] is found["SCHEMA_ID"] is found["ITEMS_PER_PAGE"] is oracledb.DB_TYPE_NUMBER
    assert found["NAME"] is found["COMMENTS"] is oracledb.DB_TYPE_VARCHAR
    assert found["CREATED_ON"] is oracledb.DB_TYPE_DATE
