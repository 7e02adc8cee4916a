"""``OracleRole``: a role of the database and the exact set of its grants."""

from typing import Annotated, Literal

from pydantic import Field

from oracleapi.api.common import (
    IMMUTABLE,
    DeletionPolicy,
    Mode,
    NamedRef,
    ObjectPrivilege,
    OfferSpec,
    Part,
    RoleName,
    SystemPrivilege,
    cel,
    listed,
    rules,
)


class Grant(Part):
    """Privileges on an object, a role, or a system privilege."""

    model_config = Part.model_config | {
        "json_schema_extra": rules(
            cel(
                "(has(self.object) ? 1 : 0) + (has(self.role) ? 1 : 0) + (has(self.system) ? 1 : 0) == 1",
                "must have exactly one of object (with privileges), role and system",
            ),
            cel(
                "has(self.object) == (has(self.privileges) && self.privileges.size() > 0)",
                "object needs privileges, such as privileges: [SELECT]; role and system take none",
            ),
            cel(
                "!has(self.columns) || self.columns.size() == 0"
                " || (has(self.object) && has(self.privileges) && self.privileges.all(p, p in ['INSERT', 'UPDATE']))",
                "columns go with INSERT and UPDATE only: Oracle grants nothing else on columns; for SELECT use a view",
            ),
        )
    }

    privileges: Annotated[tuple[ObjectPrivilege, ...], Field(max_length=6, json_schema_extra=listed("set"))] = ()
    object_: (
        Annotated[
            str,
            Field(
                min_length=3,
                max_length=257,
                json_schema_extra=rules(
                    cel(
                        "self.matches('^[A-Z][A-Z0-9_$#]*[.][A-Z][A-Z0-9_$#]*$')",
                        "must be OWNER.OBJECT in upper case, such as HR.EMPLOYEES",
                    )
                ),
            ),
        ]
        | None
    ) = Field(None, alias="object", description="A table, view or sequence, or a stored unit for EXECUTE")
    columns: Annotated[tuple[RoleName, ...], Field(max_length=64, json_schema_extra=listed("set"))] = Field(
        (), description="With INSERT and UPDATE: only these columns"
    )
    role: RoleName | None = Field(None, description="A role to grant to this one")
    system: SystemPrivilege | None = Field(None, description="A system privilege, which the delegation must list")


class OracleRoleSpec(OfferSpec):
    """A role and its grants; with ``Exact``, what Git dropped is revoked."""

    database_ref: NamedRef = Field(json_schema_extra=rules(IMMUTABLE))
    role_name: RoleName | None = Field(
        None,
        description="Default: the object's name in upper case, - as _",
        json_schema_extra=rules(IMMUTABLE),
    )
    grant_mode: Literal["Exact", "Additive"] = Field(
        "Exact", description="Exact revokes what is not listed here; Additive leaves it"
    )
    adopt_existing: bool = Field(False, description="Take over a role that somebody else made")
    grants: Annotated[tuple[Grant, ...], Field(max_length=200, json_schema_extra=listed("atomic"))] = ()
    mode: Mode = "Enforce"
    deletion_policy: DeletionPolicy = "Retain"

    def role(self, name: str) -> str:
        """Return the role's name for an object called *name*."""
        return self.role_name or name.upper().replace("-", "_")
