"""Supplied packages: overloads, notations, OUT arguments, constants, arrays; and those that the session owns."""

from typing import Any

import pytest

from oracleapi_sandbox.oracle.ports import Argument, Bind, OracleError, Package, Subprogram

TEXT = Bind(None)
NUMBER = Bind(None, "NUMBER")


@pytest.fixture
def calls(db: Any) -> list[tuple[str, dict[str, Any]]]:
    """Supply packages as ORDS and OWA have them; what was called with what."""
    made: list[tuple[str, dict[str, Any]]] = []

    def subprogram(name: str, *arguments: Argument, returns: str | None = None, result: Any = None) -> Subprogram:
        def body(runner: Any, **given: Any) -> Any:
            made.append((name, given))
            return result

        return Subprogram(name, arguments, body, returns)

    array = "OWA.VC_ARR"
    schema, name = Argument("P_SCHEMA"), Argument("P_PRIVILEGE_NAME")
    db.packages["ORDS_ADMIN"] = Package(
        "ORDS_METADATA",
        "ORDS_ADMIN",
        (
            subprogram(
                "DEFINE_MODULE",
                schema,
                Argument("P_MODULE_NAME"),
                Argument("P_BASE_PATH"),
                Argument("P_ITEMS_PER_PAGE", "NUMBER", default=25),
                Argument("P_COMMENTS", default=None),
            ),
            subprogram("DEFINE_PRIVILEGE", schema, name, Argument("P_ROLES", array), Argument("P_PATTERNS", array)),
            subprogram("DEFINE_PRIVILEGE", schema, name, Argument("P_ROLES", array)),
            subprogram("ENABLE_SCHEMA", Argument("P_ENABLED", "BOOLEAN", default=True), schema),
            subprogram("SHOW", Argument("P_ID", "NUMBER")),
            subprogram("SHOW", Argument("P_NAME", "VARCHAR2")),
            subprogram("TWIN", Argument("A", "NUMBER")),
            subprogram("TWIN", Argument("B", "NUMBER")),
            subprogram(
                "GET_FILE",
                Argument("P_INDEX", "NUMBER"),
                Argument("P_NAME", "VARCHAR2", "OUT"),
                Argument("P_SIZE", "NUMBER", "IN OUT"),
                result={"out": {"p_name": "a.txt", "p_size": 9}},
            ),
            subprogram("INSTALLED_VERSION", returns="VARCHAR2", result="24.4.0"),
            subprogram("ROWS_OF", Argument("P_TEXT"), returns="NUMBER", result=3),
        ),
        {"SOURCE_TYPE_PLSQL": "plsql/block", "LIMIT": 7},
    )
    db.packages["OWA"] = Package("SYS", "OWA", (), types={"VC_ARR": "TABLE OF VARCHAR2(32000)"})
    return made


@pytest.mark.parametrize(
    ("sentence", "source", "binds", "name", "given"),
    [
        (
            "as python-oracledb sends callproc with keywords",
            "begin ords_admin.define_module(p_schema => :1, p_module_name => :2, p_base_path => :3); end;",
            {"_1": "HR", "_2": "m", "_3": "/m/"},
            "DEFINE_MODULE",
            {"p_schema": "HR", "p_module_name": "m", "p_base_path": "/m/", "p_items_per_page": 25, "p_comments": None},
        ),
        (
            "mixed notation and conversions",
            "begin ords_admin.define_module('HR', 5, p_base_path => 'b', p_items_per_page => '10'); end;",
            {},
            "DEFINE_MODULE",
            {"p_schema": "HR", "p_module_name": "5", "p_base_path": "b", "p_items_per_page": 10, "p_comments": None},
        ),
        (
            "the owner may be named",
            "begin ords_metadata.ords_admin.show(1); end;",
            {},
            "SHOW",
            {"p_id": 1},
        ),
        ("the exact type wins", "begin ords_admin.show('1'); end;", {}, "SHOW", {"p_name": "1"}),
        ("CALL is a call", "call ords_admin.show(:x)", {"x": 4}, "SHOW", {"p_id": 4}),
        (
            "arrays are passed as lists",
            """declare r owa.vc_arr; p owa.vc_arr; begin r(1) := 'a'; r(2) := :x;
               ords_admin.define_privilege('HR', 'p', r, p_patterns => p); end;""",
            {"x": "b"},
            "DEFINE_PRIVILEGE",
            {"p_schema": "HR", "p_privilege_name": "p", "p_roles": ["a", "b"], "p_patterns": []},
        ),
        (
            "bound arrays choose the overload by their number",
            "begin ords_admin.define_privilege(p_schema => :1, p_privilege_name => :2, p_roles => :3); end;",
            {"_1": "HR", "_2": "p", "_3": Bind([], "VARCHAR2")},
            "DEFINE_PRIVILEGE",
            {"p_schema": "HR", "p_privilege_name": "p", "p_roles": []},
        ),
        (
            "a BOOLEAN bind",
            "begin ords_admin.enable_schema(p_enabled => :1, p_schema => :2); end;",
            {"_1": False, "_2": "HR"},
            "ENABLE_SCHEMA",
            {"p_enabled": False, "p_schema": "HR"},
        ),
    ],
)
def test_call(
    db: Any, calls: Any, sentence: str, source: str, binds: dict[str, Any], name: str, given: dict[str, Any]
) -> None:
    db.block(source, **binds)
    assert calls == [(name, given)], sentence


def test_out_arguments(db: Any, calls: Any) -> None:
    """OUT arguments come back into variables and binds; IN OUT are passed and come back."""
    out = db.block("begin ords_admin.get_file(1, p_size => :s, p_name => :n); end;", s=4, n=TEXT)
    assert out == {"N": "a.txt", "S": 9}
    assert calls == [("GET_FILE", {"p_index": 1, "p_size": 4})]


def test_functions_and_constants(db: Any, calls: Any) -> None:
    out = db.block("begin :1 := ords_admin.installed_version || ords_admin.source_type_plsql; end;", _1=TEXT)
    assert out == {"1": "24.4.0plsql/block"}
    assert db.block("call ords_admin.rows_of('x') into :n", n=NUMBER) == {"N": 3}
    db.block("begin delete from t where a = ords_admin.rows_of('x') + ords_admin.limit; end;")
    assert db.statements == [("delete from t where a = :B1 + :B2", {"B1": 3, "B2": 7})]


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        (
            "begin ords_admin.define_module('HR'); end;",
            "PLS-00306: wrong number or types of arguments in call to 'DEFINE_MODULE'",
        ),
        ("begin ords_admin.define_module(p_schema => 'HR', p_wrong => 1); end;", "PLS-00306"),
        ("begin ords_admin.enable_schema('x', 'HR'); end;", "PLS-00306"),
        ("begin ords_admin.twin(1); end;", "PLS-00307: too many declarations of 'TWIN' match this call"),
        ("begin ords_admin.get_file(1, 'literal', :x); end;", "PLS-00363"),
        ("begin ords_admin.nothing; end;", "PLS-00302: component 'NOTHING' must be declared"),
        ("begin other.ords_admin.show(1); end;", "PLS-00201: identifier 'OTHER.ORDS_ADMIN' must be declared"),
        ("declare a owa.nothing; begin null; end;", "PLS-00201: identifier 'OWA.NOTHING' must be declared"),
    ],
)
def test_refused_call(db: Any, calls: Any, source: str, fault: str) -> None:
    error = db.error(source, x=1)
    assert error.code == 6550
    assert fault in error.message
    assert calls == []


@pytest.mark.parametrize(
    ("source", "code"),
    [("call ords_admin.nothing(1)", 6576), ("call nowhere.x()", 6576), ("call ords_admin.show(1, 2)", 6553)],
)
def test_refused_call_statement(db: Any, calls: Any, source: str, code: int) -> None:
    assert db.error(source).code == code


def test_errors_of_packages(db: Any, calls: Any) -> None:
    """They are exceptions with the caller's line."""

    def body(runner: Any, **given: Any) -> None:
        raise OracleError(20049, "Cannot alter the URL mapping")

    db.packages["ORDS"] = Package("ORDS_METADATA", "ORDS", (Subprogram("SET_URL_MAPPING", (), body),))
    assert (
        db.error("begin\n ords.set_url_mapping;\nend;").message == "Cannot alter the URL mapping\nORA-06512: at line 2"
    )
    source = "begin ords.set_url_mapping; exception when others then :n := sqlcode; end;"
    assert db.block(source, n=NUMBER) == {"N": -20049}


def test_session_packages(db: Any) -> None:
    db.block("begin dbms_session.set_identifier(:i); dbms_application_info.set_module('m', 'a'); end;", i="x" * 70)
    assert (db.session.client_identifier, db.session.module, db.session.action) == ("x" * 64, "m", "a")
    out = db.block(
        "begin dbms_session.clear_identifier; dbms_application_info.read_module(:m, :a); end;", m=TEXT, a=TEXT
    )
    assert out == {"M": "m", "A": "a"}
    assert db.session.client_identifier is None


def test_engine_packages_come_first(db: Any) -> None:
    """What the engine supplies under a session package's name adds to it."""
    seen: list[str] = []
    set_role = Subprogram("SET_ROLE", (Argument("ROLE_CMD"),), lambda runner, role_cmd: seen.append(role_cmd))
    db.packages["DBMS_SESSION"] = Package("SYS", "DBMS_SESSION", (set_role,))
    db.block("begin dbms_session.set_role('NONE'); dbms_session.set_identifier('i'); end;")
    assert (seen, db.session.client_identifier) == (["NONE"], "i")


def test_output(db: Any) -> None:
    out = db.block(
        """begin dbms_output.enable; dbms_output.put('a'); dbms_output.put_line(1); dbms_output.put_line(null);
           dbms_output.get_line(:l, :s); end;""",
        l=TEXT,
        s=NUMBER,
    )
    assert out == {"L": "a1", "S": 0}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("dbms_assert.enquote_name('abc')", '"ABC"'),
        ("dbms_assert.enquote_name('aBc', false)", '"aBc"'),
        ("dbms_assert.enquote_literal('a''''b')", "'a''b'"),
        ("dbms_assert.simple_sql_name('A_1')", "A_1"),
        ("dbms_assert.qualified_sql_name('a.\"b c\"')", 'a."b c"'),
        ("dbms_lob.substr('abcdef', 2, 3) || dbms_lob.getlength('abc') || dbms_lob.instr('abc', 'c')", "cd33"),
    ],
)
def test_assertions_and_lobs(db: Any, expression: str, value: str) -> None:
    assert db.value(expression) == value


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("dbms_assert.simple_sql_name('a b')", 44003),
        ("dbms_assert.enquote_name('a\"b')", 44003),
        ("dbms_assert.qualified_sql_name('a.1')", 44004),
        ("dbms_assert.enquote_literal('a''b')", 6502),
    ],
)
def test_assertions_refuse(db: Any, expression: str, code: int) -> None:
    assert db.error(f"begin :r := {expression}; end;", r=TEXT).code == code


@pytest.mark.parametrize("flag", ["reinitialize", "free_all_resources"])
def test_package_state_is_forgotten_on_demand(db: Any, flag: str) -> None:
    db.block("begin dbms_output.put_line('kept'); end;")
    db.block(f"begin dbms_session.modify_package_state(dbms_session.{flag}); end;")
    assert db.block("begin dbms_output.get_line(:l, :s); end;", l=TEXT, s=NUMBER) == {"L": None, "S": 1}


def test_an_unknown_flag_of_package_state_is_refused(db: Any) -> None:
    assert db.error("begin dbms_session.modify_package_state(7); end;").code == 6502


def test_to_blob_in_a_block(db: Any) -> None:
    assert db.value("rawtohex(to_blob(hextoraw('01ff')))") == "01FF"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("utl_raw.compare(hextoraw('0102'), hextoraw('0102'))", "0"),
        ("utl_raw.compare(hextoraw('0102'), hextoraw('0103'))", "2"),
        ("utl_raw.compare(hextoraw('01'), hextoraw('0100'))", "0"),
        ("utl_raw.compare(hextoraw('01'), hextoraw('0102'), hextoraw('02'))", "0"),
        ("utl_raw.compare(null, hextoraw('01'))", "1"),
        ("rawtohex(utl_raw.bit_xor(hextoraw('0F01'), hextoraw('FF')))", "F001"),
        ("rawtohex(utl_raw.bit_and(hextoraw('0F'), hextoraw('FE')))", "0E"),
        ("rawtohex(utl_raw.bit_or(hextoraw('0F'), hextoraw('F000')))", "FF00"),
        ("rawtohex(utl_raw.reverse(hextoraw('0102')))", "0201"),
        ("rawtohex(utl_raw.bit_or(null, hextoraw('01')))", None),
    ],
)
def test_raw(db: Any, expression: str, value: str | None) -> None:
    assert db.value(expression) == value


def test_a_key_is_compared_in_constant_time_by_xor(db: Any) -> None:
    """As a guard compares hashes."""
    declare = "a raw(4) := hextoraw('01020304'); b raw(4) := hextoraw('01020304');"
    assert db.value("rawtohex(utl_raw.bit_xor(a, b))", declare) == "00000000"


def test_call_and_error_stacks(db: Any) -> None:
    source = """
    declare
      procedure inner_one is
      begin
        :names := utl_call_stack.concatenate_subprogram(utl_call_stack.subprogram(1)) || '/'
          || utl_call_stack.concatenate_subprogram(utl_call_stack.subprogram(2));
        :lines := utl_call_stack.unit_line(1) || '/' || utl_call_stack.unit_line(2)
          || '/' || utl_call_stack.dynamic_depth;
        raise_application_error(-20007, 'seven');
      end;
    begin
      inner_one;
    exception
      when others then
        :error := utl_call_stack.error_depth || '/' || utl_call_stack.error_number(1) || '/'
          || utl_call_stack.error_msg(1);
        :trace := utl_call_stack.backtrace_line(1) || '/'
          || utl_call_stack.backtrace_line(utl_call_stack.backtrace_depth);
        :stack := dbms_utility.format_error_stack || dbms_utility.format_error_backtrace;
    end;"""
    assert db.block(source, names=TEXT, lines=TEXT, error=TEXT, trace=TEXT, stack=TEXT) == {
        "NAMES": "__anonymous_block.INNER_ONE/__anonymous_block",
        "LINES": "7/12/2",
        "ERROR": "1/20007/seven",
        "TRACE": "12/9",
        "STACK": "ORA-20007: seven\nORA-06512: at line 9\nORA-06512: at line 12\n",
    }
    assert db.value("dbms_utility.format_error_stack || utl_call_stack.error_depth") == "0"
    stack = db.value("dbms_utility.format_call_stack")
    assert stack.splitlines()[0] == "----- PL/SQL Call Stack -----"
    assert stack.endswith("anonymous block\n")


@pytest.mark.parametrize("call", ["subprogram(9).count", "owner(0)", "error_msg(1)", "backtrace_unit(null)"])
def test_a_depth_that_there_is_not(db: Any, call: str) -> None:
    assert db.error(f"begin :r := utl_call_stack.{call}; end;", r=TEXT).code == 64610
