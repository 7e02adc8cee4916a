"""Stored units as their CREATE statement holds them: packages, their bodies, procedures and functions."""

from functools import lru_cache

from oracleapi_sandbox.oracle.plsql import nodes as n
from oracleapi_sandbox.oracle.plsql.errors import Position, too_large
from oracleapi_sandbox.oracle.plsql.lexer import tokenize
from oracleapi_sandbox.oracle.plsql.parse_statements import StatementParser


class UnitParser(StatementParser):
    """Parses what follows CREATE [OR REPLACE] [EDITIONABLE]."""

    def unit(self) -> n.StoredUnit:
        """The whole text; see :class:`~oracleapi_sandbox.oracle.plsql.nodes.StoredUnit`."""
        position = self.token.position
        if self.accept_word("PACKAGE"):
            found = self._package_body(position) if self.accept_word("BODY") else self._package(position)
        else:
            found = self._standalone(position)
        self.accept_op(";")
        if self.token.kind != "eof":
            raise self.unexpected("end-of-file")
        return found

    def _unit_name(self) -> str:
        name = self.identifier().text
        return self.identifier().text if self.accept_op(".") else name

    def _package(self, position: Position) -> n.StoredUnit:
        name = self._unit_name()
        rights, accessible = self.properties(of_unit=True)
        self.expect_word("IS", "AS")
        declarations = self.declarations()
        self.end_of(name, position)
        return n.StoredUnit(position, "PACKAGE", name, n.Block(position, declarations, ()), rights, accessible)

    def _package_body(self, position: Position) -> n.StoredUnit:
        name = self._unit_name()
        self.expect_word("IS", "AS")
        declarations = self.declarations()
        if self.at_word("BEGIN"):
            block = self.block_after(declarations, position, name=name)
        else:
            self.end_of(name, position)
            block = n.Block(position, declarations, ())
        return n.StoredUnit(position, "PACKAGE BODY", name, block)

    def _standalone(self, position: Position) -> n.StoredUnit:
        kind = self.expect_word("PROCEDURE", "FUNCTION").text
        name = self._unit_name()
        parameters = self.parameters() if self.at_op("(") else ()
        returns = None
        if kind == "FUNCTION":
            self.expect_word("RETURN")
            returns = self.type_name()
        rights, accessible = self.properties(of_unit=True)
        self.expect_word("IS", "AS")
        autonomous, declarations = self.subprogram_declarations()
        body = self.block_after(declarations, position, name=name)
        subprogram = n.Subprogram(position, name, parameters, returns, body, autonomous)
        return n.StoredUnit(position, kind, name, n.Block(position, (subprogram,), ()), rights, accessible)


@lru_cache(maxsize=256)
def parse_unit(source: str) -> n.StoredUnit:
    """Parse a unit's text from PACKAGE, PROCEDURE or FUNCTION on.

    Raises:
        CompileError: PLS-00103 (syntax), PLS-00999 (not supported), PLS-00123 (too deep).
    """
    try:
        return UnitParser(source, tokenize(source)).unit()
    except RecursionError as error:
        raise too_large(Position(1, 1)) from error
