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
        ("d := json_object_t.parse(null)", 40441),
        ("d := json_object_t.parse('[]')", 40587),
        ("dbms_output.put_line(e.get_string('x'))", 30625),
        ("dbms_output.put_line(d.nothing)", 6550),
        ("dbms_output.put_line(d.get_string)", 6550),
    ],
)
def test_faults(db: Any, statement: str, code: int) -> None:
    error = db.error(f"declare d json_object_t := json_object_t(); e json_object_t; begin {statement}; end;")
    assert error.code == code
