"""The ``q`` query parameter of collections: a filter object, applied as a condition around the handler's query.

The language is the Developer's Guide's "Filtering in Queries" [D]; the comparisons, ``$and``, ``$or`` and ``$orderby``
are offered, the rest is refused. Column names come from the described query and values are bound, so nothing of the
filter's text becomes SQL.
"""

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from oracleapi_sandbox.oracle.ports import Bind, Session
from oracleapi_sandbox.ords.faults import OrdsError, bad_request
from oracleapi_sandbox.ords.http import Request
from oracleapi_sandbox.ords.rendering import key_of

_COMPARISONS = {"$eq": "=", "$ne": "<>", "$lt": "<", "$lte": "<=", "$gt": ">", "$gte": ">=", "$like": "LIKE"}


def filtered(session: Session, request: Request, source: str, binds: dict[str, Bind]) -> tuple[str, dict[str, Bind]]:
    """Return *source* and *binds* with the request's ``q``, if it has one.

    Raises:
        OrdsError: 400 when ``q`` is no JSON object, names an unknown column, or uses what is not offered.
        OracleError: The source does not parse.
    """
    text = dict(reversed(request.query_pairs())).get("q")
    if text is None:
        return source, binds
    document = _parse(text)
    columns = {key_of(column.name): column.name for column in session.parse(source) or ()}
    condition = _Condition(columns, dict(binds))
    order = document.pop("$orderby", None)
    try:
        where = condition.all_of(document)
    except RecursionError:
        raise _refused("It is nested too deeply.") from None
    wrapped = f"SELECT * FROM ({source})"  # noqa: S608 - the handler's own text; the filter adds names and binds
    if where:
        wrapped += f" WHERE {where}"
    if order is not None:
        wrapped += f" ORDER BY {condition.order(order)}"
    return wrapped, condition.binds


def _parse(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise bad_request("Invalid value provided for parameter q. It must be a JSON object.")
    return document


def _refused(what: str) -> OrdsError:
    return bad_request(f"Invalid value provided for parameter q. {what}")


@dataclass
class _Condition:
    """Builds conditions over *columns* (JSON key to column name) and gathers their binds."""

    columns: dict[str, str]
    binds: dict[str, Bind] = field(default_factory=dict)

    def all_of(self, document: dict[str, Any]) -> str:
        return " AND ".join(self._entry(key, value) for key, value in document.items())

    def order(self, wanted: object) -> str:
        if not isinstance(wanted, dict) or not wanted:
            raise _refused("$orderby must be an object.")
        directions = {"asc": "ASC", "1": "ASC", "desc": "DESC", "-1": "DESC"}
        parts = []
        for key, value in wanted.items():
            direction = directions.get(str(value).lower())
            if direction is None:
                raise _refused("$orderby takes ASC or DESC.")
            parts.append(f"{self._column(key)} {direction}")
        return ", ".join(parts)

    def _entry(self, key: str, value: Any) -> str:
        if key in ("$and", "$or"):
            return self._joined(key[1:].upper(), value)
        if key.startswith("$"):
            raise _refused(f"{key} is not offered.")
        column = self._column(key)
        if not isinstance(value, dict):
            return self._compare(column, "$eq", value)
        if not value:
            raise _refused("An empty condition.")
        return " AND ".join(self._compare(column, operator, operand) for operator, operand in value.items())

    def _joined(self, word: str, parts: object) -> str:
        if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) and part for part in parts):
            raise _refused(f"${word.lower()} takes a list of conditions.")
        return "(" + f" {word} ".join(f"({self.all_of(part)})" for part in parts) + ")"

    def _column(self, key: str) -> str:
        name = self.columns.get(key)
        if name is None or '"' in name:
            raise _refused("It names a column that the query does not have.")
        return f'"{name}"'

    def _compare(self, column: str, operator: str, operand: Any) -> str:
        match operator:
            case "$null":
                return f"{column} IS NULL"
            case "$notnull":
                return f"{column} IS NOT NULL"
            case "$instr" | "$ninstr":
                return f"INSTR({column}, {self._bind(operand)}) {'>' if operator == '$instr' else '='} 0"
            case "$between" if isinstance(operand, list) and len(operand) == 2:
                return f"{column} BETWEEN {self._bind(operand[0])} AND {self._bind(operand[1])}"
        if operator not in _COMPARISONS:
            raise _refused(f"{operator} is not offered with this operand.")
        return f"{column} {_COMPARISONS[operator]} {self._bind(operand)}"

    def _bind(self, operand: Any) -> str:
        if isinstance(operand, bool) or not isinstance(operand, str | int | Decimal):
            raise _refused("Operands are texts and numbers.")
        name = f"ORDS_Q{len(self.binds)}"
        while name in self.binds:
            name += "_"
        self.binds[name] = Bind(operand or None, "VARCHAR2") if isinstance(operand, str) else Bind(operand, "NUMBER")
        return f":{name}"
