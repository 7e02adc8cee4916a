"""An ORDS schema with three routes, as it is wanted and as it stands once it was made."""

from dataclasses import replace
from typing import Any

from oracleapi.desired.schema import build_schema, schema_owner
from oracleapi.model.schema import ENABLED_MARK, NOBODY, DesiredSchema, ObservedSchema, Privilege
from support import make

READ, WRITE = make.route("list"), make.route("add", method="POST", scope="a.write")
OPEN = make.route("health", path="/health", auth="Public")
MARKER = schema_owner("cluster-1", "HR_API").marker()
MARK = Privilege(ENABLED_MARK, (), (NOBODY,), MARKER)


def desired(*routes: dict[str, Any], **fields: Any) -> DesiredSchema:
    return build_schema(make.resolved(*(routes or (READ, WRITE, OPEN)), **fields), (), None)


WANTED = desired()


def observed(of: DesiredSchema = WANTED, **fields: Any) -> ObservedSchema:
    """Return a schema that holds *of*, enabled by us, but for *fields*."""
    privileges = {**of.privileges, ENABLED_MARK: MARK}
    found = ObservedSchema("HR_API", True, "hr_api", True, of.modules, privileges, of.profile, frozenset({NOBODY}))
    return replace(found, **fields)
