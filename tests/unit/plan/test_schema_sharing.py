"""Three APIs in one schema, applied, edited and deleted in any order, their passes interleaved.

At every commit every module that asks for a scope stands behind its privilege, and the profile is there; at the end the
schema holds exactly what the survivors need.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from oracleapi.desired.groups import scope_slug
from oracleapi.desired.schema import schema_owner
from oracleapi.errors import OperatorError
from oracleapi.model.ownership import marked_owner
from oracleapi.model.resolved import ResolvedApi, Rival
from oracleapi.model.schema import ENABLED_MARK, NOBODY, ObservedSchema, SchemaAction
from oracleapi.reconcile.schema_half import Holding, SchemaHalf
from support import make
from support.fakes import FakeClock, FakeOracle

NAMES = ("a", "b", "c")
PATHS = {"a": "/one", "b": "/two/v1", "c": "/two/v2"}
SCOPES = ("a.read", "b.read")
SLUGS = {scope_slug(scope): scope for scope in SCOPES}
Wish = tuple[str | None, ...]
"""Scopes of an API's routes, ``None`` for Public."""


def guards(found: ObservedSchema, base_path: str) -> list[str]:
    return [
        privilege.name
        for privilege in found.privileges.values()
        if any(base_path.startswith(f"{pattern}/") for pattern in privilege.patterns)
        and privilege.roles == (NOBODY,)
        and NOBODY in found.roles
    ]


@dataclass
class Shared:
    """A schema and whoever shares it; ``half`` is what one process knows."""

    oracle: FakeOracle = field(default_factory=lambda: FakeOracle("HR_API"))
    half: SchemaHalf = field(default_factory=lambda: SchemaHalf(FakeClock()))
    apis: dict[str, ResolvedApi] = field(default_factory=dict)
    begun: dict[str, tuple[ResolvedApi, ObservedSchema]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        apply: Callable[[SchemaAction], None] = self.oracle.apply

        def checked(action: SchemaAction) -> None:
            apply(action)
            self.check()

        self.oracle.apply = checked  # type: ignore[method-assign]

    @property
    def schema(self) -> ObservedSchema:
        return self.oracle.schemas["HR_API"]

    def check(self) -> None:
        for module in self.schema.modules.values():
            slug = module.base_path.split("/")[1]
            expected = [SLUGS[slug]] if slug in SLUGS else []
            assert guards(self.schema, module.base_path) == expected, f"{module.name} stands behind something else"
            assert not expected or self.schema.profile is not None, f"{module.name} is there, but no profile"

    def want(self, name: str, wish: Wish) -> None:
        routes = [
            make.route(f"r{n}", path=f"/r{n}", **({"auth": "Public"} if scope is None else {"scope": scope}))
            for n, scope in enumerate(wish)
        ]
        api = make.resolved(*routes, basePath=PATHS[name])
        self.apis[name] = replace(api, owner=make.owner(name), pdb_guid="A1B2")

    def begin(self, name: str) -> None:
        """Read the schema for a pass of the API."""
        if name in self.apis:
            api = replace(self.apis[name], rivals=self._rivals(name))
            self.begun[name] = (api, self.half.observe(api, self.oracle))

    def end(self, name: str) -> None:
        """Write what the pass that began wants, with what it read then."""
        if name in self.begun and name in self.apis:
            api, observed = self.begun.pop(name)
            self.half.apply(api, self.oracle, self.half.desired(api, (), observed), observed, Holding())

    def delete(self, name: str) -> None:
        if name in self.apis:
            del self.apis[name]
            self.begun.pop(name, None)
            self.half.remove(make.owner(name), "A1B2", "HR_API", self.oracle)

    def _rivals(self, name: str) -> tuple[Rival, ...]:
        return tuple(
            Rival(api.owner, api.spec.base_path, api.issuer, older=other < name)
            for other, api in sorted(self.apis.items())
            if other != name
        )

    def check_end(self) -> None:
        """Check that what is there is what the survivors need, and no more."""
        needed = {
            scope
            for api in self.apis.values()
            for route in api.spec.routes
            for scope in [None if route.auth == "Public" else route.scope]
        }
        scopes = needed - {None}
        ours = {name for name in self.schema.privileges if name != ENABLED_MARK}
        assert ours == scopes
        assert (self.schema.profile is not None) == bool(scopes)
        assert {marked_owner(module.comments) for module in self.schema.modules.values()} == {
            str(api.owner) for api in self.apis.values()
        }
        for name, api in self.apis.items():
            wanted = self.half.desired(api, (), self.schema).modules
            found = {k: v for k, v in self.schema.modules.items() if marked_owner(v.comments) == str(api.owner)}
            assert found == wanted, name
        assert self.schema.enabled == bool(self.apis)
        assert (NOBODY in self.schema.roles) == bool(self.apis)
        assert (ENABLED_MARK in self.schema.privileges) == bool(self.apis)


WISHES = st.lists(st.sampled_from((None, *SCOPES)), min_size=1, max_size=3).map(tuple)
STEPS = st.one_of(
    st.tuples(st.just("want"), st.sampled_from(NAMES), WISHES),
    st.tuples(st.sampled_from(("begin", "end", "delete")), st.sampled_from(NAMES)),
)


@given(st.lists(STEPS, max_size=24))
@settings(deadline=None, max_examples=150, derandomize=True)
@example([("want", "a", ("a.read",)), ("begin", "a"), ("end", "a"), ("begin", "a"),
          ("want", "b", ("b.read",)), ("begin", "b"), ("end", "b"), ("end", "a")])  # fmt: skip
@example([("want", "a", ("a.read",)), ("begin", "a"), ("want", "b", ("a.read",)), ("begin", "b"), ("end", "a"),
          ("end", "b"), ("begin", "b"), ("delete", "a"), ("end", "b")])  # fmt: skip
@example([("want", "a", (None,)), ("begin", "a"), ("end", "a"), ("want", "b", ("a.read",)), ("begin", "b"),
          ("begin", "a"), ("end", "b"), ("end", "a")])  # fmt: skip
def test_apis_that_share_a_schema_never_strip_each_other(steps: list[tuple[Any, ...]]) -> None:
    shared = Shared()
    for step, *arguments in steps:
        getattr(shared, step)(*arguments)
    for name in NAMES:
        shared.begin(name)
        shared.end(name)
    shared.check_end()
    shared.oracle.calls.clear()
    for name in NAMES:
        shared.begin(name)
        shared.end(name)
    assert [call for call in shared.oracle.calls if call != "observe_schema"] == []
    for name in NAMES:
        shared.delete(name)
    shared.check_end()


def test_a_pass_reads_again_where_another_api_wrote_meanwhile() -> None:
    shared = Shared()
    shared.want("a", ("a.read",))
    shared.begin("a")
    shared.end("a")
    assert shared.oracle.calls.count("observe_schema") == 1
    shared.begin("a")
    shared.want("b", ("b.read",))
    shared.begin("b")
    shared.end("b")
    shared.end("a")
    assert shared.oracle.calls.count("observe_schema") == 4
    assert set(shared.schema.privileges) == {"a.read", "b.read", ENABLED_MARK}


def test_a_pass_that_lost_its_place_meanwhile_writes_nothing() -> None:
    shared = Shared()
    shared.want("b", ("a.read",))
    shared.begin("b")
    other = make.resolved(make.route("list"), basePath=PATHS["b"])
    shared.apis["a"] = replace(other, owner=make.owner("a"), pdb_guid="A1B2")
    shared.begin("a")
    shared.end("a")
    api, observed = shared.begun["b"]
    before = shared.schema
    with pytest.raises(OperatorError) as caught:
        shared.half.apply(api, shared.oracle, shared.half.desired(api, (), observed), observed, Holding())
    assert caught.value.reason == "Conflict"
    assert shared.schema == before


def test_a_removal_from_another_database_is_not_carried_out() -> None:
    shared = Shared()
    shared.want("a", ("a.read",))
    shared.begin("a")
    shared.end("a")
    before = shared.schema
    shared.oracle.guid = "C3D4"
    with pytest.raises(OperatorError, match="another database"):
        shared.delete("a")
    assert shared.schema == before


def test_what_belongs_to_the_schema_names_no_api() -> None:
    shared = Shared()
    shared.want("a", ("a.read",))
    shared.begin("a")
    shared.end("a")
    marker = schema_owner("cluster-1", "HR_API").marker()
    assert {privilege.comments for privilege in shared.schema.privileges.values()} == {marker}
