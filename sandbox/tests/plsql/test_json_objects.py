"""JSON object types: parsing, members by type, what is no scalar or not there, building."""

from typing import Any

import pytest

from oracleapi_sandbox.oracle.ports import Bind

DOCUMENT = '{"sub":"alice","n":12.50,"t":true,"none":null,"groups":["a b","c"],"more":{"x":"y"}}'


def value(db: Any, expression: str) -> object:
    text = f"declare d json_object_t := json_object_t.parse(:d); begin :r := {expression}; end;"
    return db.block(text, d=Bind(DOCUMENT), r=Bind())["R"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("d.get_string('sub')", "alice"),
        ("d.get_string('n')", "12.5"),
        ("d.get_string('groups')", None),
        ("d.get_string('nothing')", None),
        ("d.get_string('none')", None),
        ("to_char(d.get_number('n') + 1)", "13.5"),
        ("d.get_number('sub')", None),
        ("case when d.get_boolean('t') then 'yes' end", "yes"),
        ("d.get_array('groups').get_string(0)", "a b"),
        ("d.get_array('groups').get_string(9)", None),
        ("to_char(d.get_array('groups').get_size)", "2"),
        ("d.get_object('more').get_string('x')", "y"),
        (
            "case when d.get('sub').is_string and d.get('groups').is_array and d.get('none').is_null then 'kinds' end",
            "kinds",
        ),
        ("case when d.has('none') and not d.has('nothing') then 'has' end", "has"),
        ("case when d.get('nothing') is null then 'absent' end", "absent"),
        ("d.get_object('more').to_string()", '{"x":"y"}'),
        ("json_object_t().to_string", "{}"),
    ],
)
def test_members(db: Any, expression: str, expected: object) -> None:
    assert value(db, expression) == expected


def test_a_document_is_built_and_shared(db: Any) -> None:
    text = """
    declare o json_object_t := json_object_t(); a json_array_t := json_array_t('[1]'); same json_object_t;
    begin
      same := o;
      a.append('x');
      o.put('list', a); o.put('t', true); o.put('n', 3); o.put_null('z');
      o.put('gone', 1); o.remove('gone');
      :r := same.stringify;
    end;"""
    assert db.block(text, r=Bind())["R"] == '{"list":[1,"x"],"t":true,"n":3,"z":null}'


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("d := json_object_t.parse('{')", 40441),
        ("d := json_object_t.parse('[]')", 40587),
        ("dbms_output.put_line(e.get_string('x'))", 30625),
        ("dbms_output.put_line(d.nothing)", 6550),
        ("dbms_output.put_line(d.get_string)", 6550),
    ],
)
def test_faults(db: Any, statement: str, code: int) -> None:
    error = db.error(f"declare d json_object_t := json_object_t(); e json_object_t; begin {statement}; end;")
    assert error.code == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("json_object_t.parse(null)", 40834),
        ("json_object_t(null)", 40834),
        ("json_object_t.parse('{')", 40441),
        ("json_object_t.parse('')", 40834),
        ("json_object_t.parse('{\"a\": NaN}')", 40441),
        ("json_object_t.parse('[]')", 40587),
        ("json_array_t.parse('{}')", 40587),
    ],
)
def test_what_is_no_document(db: Any, text: str, code: int) -> None:
    assert db.error(f"begin :r := {text}.to_string; end;", r=Bind(None)).code == code


def test_a_document_that_is_too_deep_is_refused(db: Any) -> None:
    deep = "o json_array_t := json_array_t.parse(rpad('[', 30000, '['));"
    assert db.error(f"declare {deep} begin null; end;").code == 40441


def test_keys_types_and_copies(db: Any) -> None:
    source = """declare
      o json_object_t := json_object_t('{"b": 1, "a": {"x": []}, "n": null, "t": true}');
      k json_key_list := o.get_keys; c json_element_t := o.clone;
    begin
      for i in 1 .. k.count loop :keys := :keys || k(i) || ':' || o.get_type(k(i)) || ' '; end loop;
      o.put('z', 1);
      :more := case when c.is_object and not c.is_scalar and o.get('t').is_true then c.get_size end;
      :none := case when o.get_type('nothing') is null and json_array_t('[1]').get_keys is null then 'none' end;
    end;"""
    found = db.block(source, keys=Bind(None), more=Bind(None), none=Bind(None))
    assert found == {"KEYS": "b:SCALAR a:OBJECT n:NULL t:SCALAR ", "MORE": "4", "NONE": "none"}
