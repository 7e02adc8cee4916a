"""Blocks: exact texts, and nothing of a spec spliced in."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracleapi.adapters.oracle import statements
from oracleapi.adapters.oracle.statements import Block, build_change, build_disable, build_enable
from oracleapi.desired.schema import build_schema
from oracleapi.model.schema import (
    NOBODY,
    ChangeSchema,
    DisableSchema,
    EnableSchema,
    Handler,
    HandlerParameter,
    JwtProfile,
    Module,
    Privilege,
)
from support import make

HANDLER = Handler("json/collection", "select 1 from dual", 10, (HandlerParameter("dept", "dept", "URI", "INT", "IN"),))
MODULE = Module("m", "/oa-x/hr/v1/", 25, {("things", "GET"): HANDLER}, "mark")
PRIVILEGE = Privilege("x.read", ("/oa-x", "/oa-x/*"), (NOBODY,), "mark")
PROFILE = JwtProfile("https://i/", "aud", "https://i/keys", "mark")

ENABLE = """\
declare
  l_roles owa.vc_arr;
  l_patterns owa.vc_arr;
  l_modules owa.vc_arr;
begin
  ords_admin.enable_schema(p_enabled => true, p_schema => :b1, p_url_mapping_type => 'BASE_PATH', \
p_url_mapping_pattern => :b2, p_auto_rest_auth => true);
  ords_admin.create_role(p_schema => :b1, p_role_name => :b3);
  l_roles.delete;
  l_roles(1) := :b3;
  l_patterns.delete;
  l_modules.delete;
  ords_admin.define_privilege(p_schema => :b1, p_privilege_name => :b4, p_roles => l_roles, \
p_patterns => l_patterns, p_modules => l_modules, p_label => :b4, p_comments => :b5);
  commit;
end;"""

DISABLE = """\
declare
  l_roles owa.vc_arr;
  l_patterns owa.vc_arr;
  l_modules owa.vc_arr;
begin
  ords_admin.delete_privilege(p_schema => :b1, p_name => :b2);
  ords_admin.delete_role(p_schema => :b1, p_role_name => :b3);
  ords_admin.enable_schema(p_enabled => false, p_schema => :b1);
  commit;
end;"""

CHANGE = """\
declare
  l_roles owa.vc_arr;
  l_patterns owa.vc_arr;
  l_modules owa.vc_arr;
begin
  ords_security_admin.delete_jwt_profile(p_schema => :b1);
  ords_admin.delete_module(p_schema => :b1, p_module_name => :b2);
  ords_admin.delete_module(p_schema => :b1, p_module_name => :b3);
  ords_admin.create_role(p_schema => :b1, p_role_name => :b4);
  ords_admin.define_module(p_schema => :b1, p_module_name => :b2, p_base_path => :b5, p_items_per_page => :b6, \
p_status => :b7, p_comments => :b8);
  ords_admin.define_template(p_schema => :b1, p_module_name => :b2, p_pattern => :b9);
  ords_admin.define_handler(p_schema => :b1, p_module_name => :b2, p_pattern => :b9, p_method => :b10, \
p_source_type => :b11, p_source => :b12, p_items_per_page => :b13);
  ords_admin.define_parameter(p_schema => :b1, p_module_name => :b2, p_pattern => :b9, p_method => :b10, \
p_name => :b14, p_bind_variable_name => :b14, p_source_type => :b15, p_param_type => :b16, p_access_method => :b17);
  l_roles.delete;
  l_roles(1) := :b4;
  l_patterns.delete;
  l_patterns(1) := :b18;
  l_patterns(2) := :b19;
  l_modules.delete;
  ords_admin.define_privilege(p_schema => :b1, p_privilege_name => :b20, p_roles => l_roles, \
p_patterns => l_patterns, p_modules => l_modules, p_label => :b20, p_comments => :b8);
  ords_security_admin.create_jwt_profile(p_schema => :b1, p_issuer => :b21, p_audience => :b22, \
p_jwk_url => :b23, p_description => :b8);
  ords_admin.delete_privilege(p_schema => :b1, p_name => :b24);
  ords_admin.delete_role(p_schema => :b1, p_role_name => :b25);
  commit;
end;"""


def test_enabling_marks_the_schema_in_the_same_block() -> None:
    block = build_enable(EnableSchema("HR", "hr", Privilege("oracleapi.enabled", (), (NOBODY,), "mark"), (NOBODY,)))
    assert block.text() == ENABLE
    assert list(block.binds.values()) == ["HR", "hr", NOBODY, "oracleapi.enabled", "mark"]


def test_disabling_takes_the_mark_away_in_the_same_block() -> None:
    block = build_disable(DisableSchema("HR", ("oracleapi.enabled",), (NOBODY,)))
    assert block.text() == DISABLE
    assert list(block.binds.values()) == ["HR", "oracleapi.enabled", NOBODY]


def test_a_change_is_one_block_in_the_order_of_its_fields_that_ends_in_commit() -> None:
    change = ChangeSchema(
        "HR", True, ("m", "old"), (NOBODY,), (MODULE,), (PRIVILEGE,), PROFILE, ("gone",), ("gone.role",)
    )
    block = build_change(change)
    assert block.text() == CHANGE
    assert block.binds["b12"] == "select 1 from dual"
    assert block.binds["b13"] == 10


def test_what_is_not_set_is_null() -> None:
    module = Module("m", "/x/", 25, {("a", "GET"): Handler("json/item", "x")})
    text = build_change(ChangeSchema("HR", modules=(module,))).text()
    assert "p_comments => null" in text
    assert "p_source => :b9, p_items_per_page => null" in text


def test_each_pattern_is_defined_once_before_its_handlers() -> None:
    handler = Handler("plsql/block", "begin null; end;")
    module = Module("m", "/x/", 25, {("a", "POST"): handler, ("a", "GET"): handler, ("b/:id", "GET"): handler})
    text = build_change(ChangeSchema("HR", modules=(module,))).text()
    assert text.count("define_template") == 2
    assert text.rindex("define_template") < text.index("define_handler")


def test_equal_values_share_a_bind_and_different_types_do_not() -> None:
    block = Block()
    assert [block.bind(value) for value in ("1", 1, "1", True, 1)] == [":b1", ":b2", ":b1", ":b3", ":b2"]


TEXTS = ["", "a.read", "'; drop table x; --", "' || x || '", ":b1", "end;", "commit;", "q'[x]'", "null", "\n/\n", "é\0"]
VALUES = st.sampled_from([f"canary{text}" for text in TEXTS])
PLACEHOLDER = re.compile(r":b\d+")
TOKEN = re.compile(r"[A-Za-z_.]+|\d+|\S")
KNOWN = {token for text in (ENABLE, DISABLE, CHANGE) for token in TOKEN.findall(PLACEHOLDER.sub("", text))} | {"null"}
NAMES = st.lists(VALUES, max_size=2).map(tuple)
PARAMETERS = st.lists(st.builds(HandlerParameter, *[VALUES] * 5), max_size=2).map(tuple)
HANDLERS = st.dictionaries(
    st.tuples(VALUES, VALUES), st.builds(Handler, VALUES, VALUES, st.none() | st.integers(1), PARAMETERS), max_size=2
)
CHANGES = st.builds(
    ChangeSchema,
    schema=VALUES,
    drop_profile=st.booleans(),
    delete_modules=NAMES,
    roles=NAMES,
    modules=st.tuples(st.builds(Module, VALUES, VALUES, st.just(25), HANDLERS, VALUES, VALUES)),
    privileges=st.tuples(st.builds(Privilege, VALUES, NAMES, NAMES, VALUES, NAMES)),
    profile=st.builds(JwtProfile, VALUES, VALUES, VALUES, VALUES),
    delete_privileges=NAMES,
    delete_roles=NAMES,
)


@given(CHANGES)
@settings(deadline=None, max_examples=40, derandomize=True)
def test_no_text_of_a_spec_is_in_the_block_but_in_its_binds(change: ChangeSchema) -> None:
    block = build_change(change)
    assert set(PLACEHOLDER.findall(block.text())) == {f":{name}" for name in block.binds}
    tokens = TOKEN.findall(PLACEHOLDER.sub("", block.text()))
    assert {token for token in tokens if not token.isdigit()} <= KNOWN


@given(source=VALUES, scope=st.text("abcXYZ0189._:/-", min_size=1, max_size=20))
@settings(deadline=None, max_examples=50)
def test_a_route_s_source_and_scope_appear_only_in_binds(source: str, scope: str) -> None:
    api = make.resolved(make.route("list", scope=f"canary{scope}", handler={"source": f"canary{source}"}))
    desired = build_schema(api, (), None)
    block = build_change(
        ChangeSchema(
            "HR_API",
            modules=tuple(desired.modules.values()),
            privileges=tuple(desired.privileges.values()),
            profile=desired.profile,
        )
    )
    assert "canary" not in block.text()
    assert f"canary{scope}" in block.binds.values()
    assert any(str(value).startswith("canary") for value in block.binds.values())


@pytest.mark.parametrize("name", ["SCHEMA", "HANDLERS", "PARAMETERS", "PRIVILEGES", "ORDS_ROLES", "PROFILE"])
def test_a_read_goes_over_a_whole_schema_and_has_one_bind(name: str) -> None:
    assert set(re.findall(r":\w+", getattr(statements, name))) == {":schema_name"}
