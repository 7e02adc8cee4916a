"""``RoleBinding``: callers of an API, the routes they may call, and the role that the database runs them with."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from oracleapi.api.common import IMMUTABLE, Mode, NamedRef, OfferSpec, Part, cel, listed, rules

SubjectKind = Literal["User", "Group", "Scope", "IamRole", "IamUser", "Anonymous"]
TOKEN_KINDS: tuple[SubjectKind, ...] = ("User", "Group", "Scope")
IAM_KINDS: tuple[SubjectKind, ...] = ("IamRole", "IamUser")
EVERY_ROUTE = "*"
ANYBODY = "*"
_ARN, _PATH = "^arn:aws[a-z-]*:iam::[0-9]{12}", "([!-~]+/)*[A-Za-z0-9_+=,.@-]+"


class Subject(Part):
    """One kind of caller."""

    model_config = Part.model_config | {
        "json_schema_extra": rules(
            cel(
                f"self.kind != 'IamRole' || self.name.matches('{_ARN}:role/{_PATH}$')",
                "an IamRole is named by the ARN of the role, such as arn:aws:iam::123456789012:role/payroll",
            ),
            cel(
                f"self.kind != 'IamUser' || self.name.matches('{_ARN}:user/{_PATH}$')",
                "an IamUser is named by the ARN of the user, such as arn:aws:iam::123456789012:user/batch",
            ),
            cel(
                "(self.kind == 'Anonymous') == (self.name == '*')",
                'Anonymous has the name "*", and nothing else has: there are no patterns in names',
            ),
            cel(
                "self.kind != 'Scope' || self.name.matches('^[!#-\\\\[\\\\]-~]+$')",
                "a scope has no blanks, quotes or backslashes (RFC 6749), such as hr.read",
            ),
        )
    }

    kind: SubjectKind = Field(description="What name is: User is the subject of a token, IamRole and IamUser are ARNs")
    name: Annotated[
        str,
        Field(
            min_length=1,
            max_length=400,
            json_schema_extra=rules(
                cel(
                    "!self.matches('[[:cntrl:]]') && self == self.trim()",
                    "must be the exact name, without control characters and without blanks at either end",
                )
            ),
        ),
    ]


class RoleBindingSpec(OfferSpec):
    """Who is bound to which role, on which routes of one API, and until when."""

    api_ref: NamedRef = Field(description="An OracleApi in the same namespace", json_schema_extra=rules(IMMUTABLE))
    role_ref: NamedRef = Field(description="An OracleRole in the same namespace", json_schema_extra=rules(IMMUTABLE))
    subjects: Annotated[
        tuple[Subject, ...], Field(min_length=1, max_length=50, json_schema_extra=listed("map", ["kind", "name"]))
    ]
    routes: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=63)], ...],
        Field(
            min_length=1,
            max_length=300,
            json_schema_extra=listed(
                "set",
                **rules(
                    cel("!('*' in self) || self.size() == 1", "'*' means every route and stands alone"),
                    cel(
                        "self.all(r, r == '*' || r.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'))",
                        "must be names of routes of the API, or '*' for all of them",
                    ),
                ),
            ),
        ),
    ]
    expiration_time: Annotated[AwareDatetime, Field(json_schema_extra={"maxLength": 64})] | None = Field(
        None, description="When it ends; the database itself looks at the clock, whether the operator runs or not"
    )
    mode: Mode = "Enforce"
