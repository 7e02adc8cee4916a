"""Calls of the ORDS packages as python-oracledb makes them, and their switches."""

from collections.abc import Callable
from typing import Any

import httpx
import oracledb

from support.parts import Part

HR = {"p_schema": "HR"}
MODULE = {**HR, "p_module_name": "hr"}
TEMPLATE = {**MODULE, "p_pattern": "employees/:id"}

Connect = Callable[[str], oracledb.Connection]


def put_switches(part: Part, **switches: Any) -> httpx.Response:
    settings = {"repository": switches}
    return httpx.put(f"{part.addresses['admin_url']}/_sandbox/settings", json=settings, trust_env=False)


def reset_switches(part: Part) -> None:
    httpx.post(f"{part.addresses['admin_url']}/_sandbox/reset", trust_env=False).raise_for_status()


def call(connection: oracledb.Connection, name: str, **arguments: Any) -> None:
    with connection.cursor() as cursor:
        cursor.callproc(name, keyword_parameters=arguments)


def array(connection: oracledb.Connection, *values: str) -> oracledb.Var:
    """An OWA.VC_ARR, possibly empty."""
    with connection.cursor() as cursor:
        return cursor.arrayvar(str, list(values))


def rows(connection: oracledb.Connection, query: str, **binds: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        return cursor.execute(query, binds).fetchall()


def define(connection: oracledb.Connection, source: str = "select * from employees", **module: Any) -> None:
    call(connection, "ORDS_ADMIN.DEFINE_MODULE", **{**MODULE, "p_base_path": "/hr/", **module})
    call(connection, "ORDS_ADMIN.DEFINE_TEMPLATE", **TEMPLATE)
    call(connection, "ORDS_ADMIN.DEFINE_HANDLER", **TEMPLATE, p_source=source)
