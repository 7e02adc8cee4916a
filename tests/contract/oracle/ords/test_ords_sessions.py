"""ORDS metadata and sessions: exports as scripts, rights that go and come, two writers at once."""

import threading
from collections.abc import Callable

import oracledb
import pytest

from support.ords import MODULE, Connect, call, rows

EXPORT = """
DECLARE
  l_roles     OWA.VC_ARR;
  l_modules   OWA.VC_ARR;
  l_patterns  OWA.VC_ARR;
BEGIN
  ORDS.ENABLE_SCHEMA(
      p_enabled             => TRUE,
      p_url_mapping_type    => 'BASE_PATH',
      p_url_mapping_pattern => 'sales-api',
      p_auto_rest_auth      => FALSE);

  ORDS.DEFINE_MODULE(
      p_module_name    => 'demo.rest',
      p_base_path      => '/demo/',
      p_items_per_page => 25,
      p_status         => 'PUBLISHED',
      p_comments       => NULL);
  ORDS.DEFINE_TEMPLATE(
      p_module_name    => 'demo.rest',
      p_pattern        => 'orders/:id',
      p_priority       => 0,
      p_etag_type      => 'HASH',
      p_etag_query     => NULL,
      p_comments       => NULL);
  ORDS.DEFINE_HANDLER(
      p_module_name    => 'demo.rest',
      p_pattern        => 'orders/:id',
      p_method         => 'GET',
      p_source_type    => ORDS.source_type_collection_item,
      p_mimes_allowed  => '',
      p_comments       => NULL,
      p_source         =>
'select ''a''||:id x
from dual');
  ORDS.DEFINE_PARAMETER(
      p_module_name        => 'demo.rest',
      p_pattern            => 'orders/:id',
      p_method             => 'GET',
      p_name               => 'id',
      p_bind_variable_name => 'id',
      p_source_type        => 'URI',
      p_param_type         => 'INT',
      p_access_method      => 'IN',
      p_comments           => NULL);

  ORDS.CREATE_ROLE(p_role_name  => 'demo_role');
  l_roles(1)    := 'demo_role';
  l_modules(1)  := 'demo.rest';
  l_patterns(1) := '/demo/*';
  ORDS.DEFINE_PRIVILEGE(
      p_privilege_name => 'demo.priv',
      p_roles          => l_roles,
      p_patterns       => l_patterns,
      p_modules        => l_modules,
      p_label          => '',
      p_description    => 'Demo',
      p_comments       => NULL);
  l_roles.DELETE;
  l_modules.DELETE;
  l_patterns.DELETE;
  COMMIT;
END;"""


def test_an_export_runs_as_the_schema_and_once_only(operator: oracledb.Connection, connect: Connect) -> None:
    """[R] Layout of ORDS_EXPORT; an existing role is an error that the script does not guard."""
    sales = connect("sales")
    with sales.cursor() as cursor:
        cursor.execute(EXPORT)
        sources = "select h.source from dba_ords_handlers h join dba_ords_schemas s on s.id = h.schema_id"
        ((source,),) = rows(operator, sources)
        assert source.read() == "select 'a'||:id x\nfrom dual"
        with pytest.raises(oracledb.DatabaseError, match="demo_role"):
            cursor.execute(EXPORT)
    sales.rollback()
    assert rows(sales, "select name, param_type from user_ords_parameters") == [("id", "INT")]


@pytest.mark.parametrize(
    ("call_text", "handled"),
    [
        (
            "ords.enable_schema(p_url_mapping_pattern => 'people')",
            "others then if sqlcode <> -20049 then raise; end if",
        ),
        ("ords.define_template('no', 'x')", "no_data_found then null"),
        ("ords.define_module('other', '/hr/')", "dup_val_on_index then null"),
    ],
)
def test_blocks_can_handle_refusals(
    operator: oracledb.Connection, connect: Connect, call_text: str, handled: str
) -> None:
    """[R] ORA-20049, ORA-01403, ORA-00001."""
    hr = connect("hr")
    with hr.cursor() as cursor:
        cursor.callproc("ords.define_module", ["hr", "/hr/"])
        cursor.execute(f"begin {call_text}; exception when {handled}; end;")
    assert rows(hr, "select name, uri_prefix from user_ords_modules") == [("hr", "/hr/")]


def test_the_administrator_role_counts_only_while_it_is_enabled(operator: oracledb.Connection) -> None:
    """[M] ORDS_ADMINISTRATOR_ROLE must be enabled in the session."""
    with operator.cursor() as cursor:
        cursor.execute("set role none")
        with pytest.raises(oracledb.DatabaseError, match="PLS-00201"):
            call(operator, "ORDS_ADMIN.DELETE_MODULE", **MODULE)
        with pytest.raises(oracledb.DatabaseError, match="ORA-00942"):
            rows(operator, "select id from dba_ords_modules")
        cursor.execute("set role all")
    call(operator, "ORDS_ADMIN.DELETE_MODULE", **MODULE)


def test_the_version_is_a_function_in_sql_and_in_plsql(operator: oracledb.Connection) -> None:
    """[R] ORDS.INSTALLED_VERSION."""
    with operator.cursor() as cursor:
        version = cursor.callfunc("ords.installed_version", str)
    assert rows(operator, "select ords.installed_version from dual") == [(version,)]


@pytest.mark.parametrize(
    ("end", "expected"), [(oracledb.Connection.commit, ["ORA-00001"]), (oracledb.Connection.rollback, [])]
)
def test_the_second_writer_of_a_module_waits_for_the_first(
    operator: oracledb.Connection,
    connect: Connect,
    end: Callable[[oracledb.Connection], None],
    expected: list[str],
) -> None:
    """[M] A unique key that another transaction has inserted blocks until that one ends."""
    other, failures = connect("operator"), list[str]()
    module = {**MODULE, "p_base_path": "/hr/"}
    call(operator, "ORDS_ADMIN.DEFINE_MODULE", **module)

    def second() -> None:
        try:
            call(other, "ORDS_ADMIN.DEFINE_MODULE", **module)
        except oracledb.DatabaseError as error:
            failures.append(error.args[0].full_code)

    writer = threading.Thread(target=second)
    writer.start()
    writer.join(0.3)
    assert writer.is_alive()
    end(operator)
    writer.join(30)
    assert failures == expected
    other.commit()
    assert rows(operator, "select count(*) from dba_ords_modules") == [(1,)]
