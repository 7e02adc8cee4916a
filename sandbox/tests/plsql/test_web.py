"""The web toolkit and the RAW packages, as a hook of ORDS uses them."""

from typing import Any

import pytest

from oracleapi_sandbox.oracle.ports import Bind

START = "begin owa.init_cgi_env(:n, :names, :vals); end;"


def begin(db: Any, *pairs: tuple[str, str]) -> None:
    names, values = [name for name, _ in pairs], [value for _, value in pairs]
    db.block(START, n=Bind(len(pairs), "NUMBER"), names=Bind(names), vals=Bind(values))


def value(db: Any, expression: str) -> object:
    return db.block(f"begin :r := {expression}; end;", r=Bind())["R"]


def test_cgi_variables_are_read_by_number_and_by_name(db: Any) -> None:
    begin(db, ("remote_ident", "forged"), ("REMOTE_IDENT", "alice"))
    assert value(db, "to_char(owa.num_cgi_vars)") == "2"
    assert value(db, "owa.cgi_var_name(2) || '=' || owa.cgi_var_val(2)") == "REMOTE_IDENT=alice"
    assert value(db, "owa_util.get_cgi_env('Remote_Ident')") == "forged"
    assert value(db, "owa_util.get_cgi_env('OTHER')") is None
    assert db.error("begin dbms_output.put_line(owa.cgi_var_val(3)); end;").code == 1403


def test_a_page_holds_headers_and_body(db: Any) -> None:
    begin(db)
    text = """begin
      owa_util.status_line(403, 'Forbidden', false); owa_util.mime_header('application/json', true);
      htp.prn('{}'); htp.p('x'); owa.get_page_text(:page);
    end;"""
    page = db.block(text, page=Bind())["PAGE"]
    assert page == "Status: 403 Forbidden\nContent-type: application/json\n\n{}x\n"
    assert db.block("begin owa.get_page_text(:page); end;", page=Bind())["PAGE"] is None


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("utl_raw.cast_to_varchar2(utl_encode.base64_decode(utl_raw.cast_to_raw('w6Q=')))", "ä"),
        ("utl_raw.cast_to_varchar2(utl_encode.base64_encode(utl_raw.cast_to_raw('ä')))", "w6Q="),
        ("rawtohex(utl_raw.bit_xor(hextoraw('FF00'), hextoraw('0F')))", "F000"),
        ("to_char(utl_raw.length(hextoraw('FF00')))", "2"),
        ("rawtohex(utl_raw.substr(hextoraw('010203'), 2, 1))", "02"),
        ("rawtohex(utl_raw.substr(hextoraw('010203'), -1))", "03"),
        ("rawtohex(utl_raw.concat(hextoraw('01'), hextoraw('02')))", "0102"),
        ("utl_raw.cast_to_varchar2(null)", None),
    ],
)
def test_raw(db: Any, expression: str, expected: object) -> None:
    assert value(db, expression) == expected


def test_what_is_no_base64_is_refused(db: Any) -> None:
    text = "begin dbms_output.put_line(utl_encode.base64_decode(utl_raw.cast_to_raw('%'))); end;"
    assert db.error(text).code == 29261
