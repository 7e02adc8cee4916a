"""What users do to a small world, and what its end must look like, for the matrices of crashes and faults."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from oracleapi.model.role import Grant
from oracleapi.runtime.store import Key
from support import make, rotations
from support.crashes import Call, Outside
from support.history import History
from support.small_world import API, SmallWorld
from support.worlds import (
    BINDING,
    DATABASE,
    LINK,
    PROBE_KEY,
    ROLE,
    api,
    edit,
    resync,
    schema,
    the_api,
    world_of,
    written,
)

ACCOUNT = Key("AwsAccount", None, "main")
OTHER = ("OracleApi", "hr", "other")
LONG_S = 400.0


@dataclass(frozen=True)
class Scenario:
    """What a user does, to which world, and what the end looks like.

    Args:
        start: Returns the world before.
        act: What the user does; the world is left to settle afterwards.
        check: Asserts the end.
        drains: Whether callers are never cut off; false where an API goes.
        links: How many VPC links are made in all.
    """

    start: Callable[[], SmallWorld]
    act: Callable[[SmallWorld], None]
    check: Callable[[SmallWorld], None]
    drains: bool = True
    links: int = 1
    apis: int = 1


def unborn() -> SmallWorld:
    return SmallWorld(*make.world(), start=False)


def born() -> SmallWorld:
    world = world_of(make.route("list"), make.route("add", method="POST"), make.route("old", path="/old"))
    world.clock.advance(300)
    return world


def shared() -> SmallWorld:
    world = born()
    world.apply(other_api())
    world.settle(LONG_S)
    assert world.ready() == ("True", "Succeeded")
    world.clock.advance(300)
    return world


def other_api() -> dict[str, Any]:
    return api(make.route("list"), make.route("mine", path="/mine", scope="c.read"), name="other", basePath="/other")


def nothing(_: SmallWorld) -> None:
    """The objects were applied before."""


def change_several(world: SmallWorld) -> None:
    """One route moves, one comes, one goes, one gets another throttle and handler."""
    world.apply(
        api(
            make.route("list", scope="b.read"),
            make.route("new", path="/new"),
            make.route(
                "add",
                method="POST",
                throttle={"requestsPerSecond": 3, "burst": 5},
                handler={"source": "begin null; end;", "type": "PlSql"},
            ),
        )
    )


def replace_link(world: SmallWorld) -> None:
    edit(world, LINK, subnetIds=["subnet-3", "subnet-4"])


def remove_all(world: SmallWorld) -> None:
    for key in list(world.kube.objects):
        world.delete(*key)


def remove_other(world: SmallWorld) -> None:
    world.delete(*OTHER)


def add_other(world: SmallWorld) -> None:
    world.apply(other_api())


def living(world: SmallWorld) -> None:
    assert world.ready() == ("True", "Succeeded"), world.message()
    spec = world.kube.objects[API]["spec"]
    wanted = {f"{found['method']} /hr/v1{found['path']}" for found in spec["routes"]}
    routes = {key for found in world.backends.aws.apis.values() for key in found.routes}
    assert wanted <= routes, f"missing at the gateway: {wanted - routes}"
    assert the_links(world) == {"AVAILABLE"}
    for type_ in ("NetworkReady", "CorrelationProven"):
        assert world.condition(type_) == ("True", "Succeeded")
    for found in world.kube.objects.values():
        assert "intents" not in found["status"], f"an open intent in {found['kind']}"
    assert schema(world).privileges["oracleapi.enabled"].comments
    with written(world) as found_writes:
        resync(world)
    assert found_writes == [], "a second pass writes"


def one_api(world: SmallWorld) -> None:
    the_api(world)
    living(world)
    routes = dict(the_api(world).routes)
    assert routes.pop(PROBE_KEY).authorization == "AWS_IAM"
    assert {found.scope for found in routes.values()} == {
        found.get("scope", "a.read") for found in world.kube.objects[API]["spec"]["routes"]
    }


def two_apis(world: SmallWorld) -> None:
    assert len(world.backends.aws.apis) == 2
    assert world.condition("Ready", OTHER)[0] == "True"  # type: ignore[arg-type]
    living(world)


def moved_to_the_new_link(world: SmallWorld) -> None:
    one_api(world)
    (link_id,) = world.backends.aws.links
    integrations = {found.integration for found in the_api(world).routes.values()}
    assert {found.vpc_link_id for found in integrations if found is not None} == {link_id}
    assert world.kube.status(*LINK)["vpcLinkId"] == link_id


def gone(world: SmallWorld) -> None:
    assert world.kube.objects == {}
    assert (world.backends.aws.apis, world.backends.aws.links) == ({}, {})
    assert not schema(world).enabled
    assert (schema(world).modules, schema(world).privileges, schema(world).profile) == ({}, {}, None)


def other_gone(world: SmallWorld) -> None:
    one_api(world)
    assert OTHER not in world.kube.objects
    assert not [name for name, module in schema(world).modules.items() if "/other" in module.base_path]
    assert "c.read" not in schema(world).privileges


def the_links(world: SmallWorld) -> set[str]:
    links = world.backends.aws.links
    assert len(links) == 1, f"links: {sorted(links)}"
    return {found.state for found in links.values()}


ROLES = (
    {"privileges": ["SELECT", "UPDATE"], "object": "HR.EMPLOYEES"},
    {"privileges": ["UPDATE"], "object": "HR.JOBS", "columns": ["TITLE", "PAY"]},
)


def with_role() -> SmallWorld:
    world = SmallWorld(*make.world(), make.role("hr-reader", *ROLES, deletionPolicy="Delete"))
    world.clock.advance(300)
    return world


def add_role(world: SmallWorld) -> None:
    world.apply(make.role("hr-reader", *ROLES, {"role": "HR_BASE"}))


def edit_role(world: SmallWorld) -> None:
    edit(world, ROLE, grants=[{"privileges": ["UPDATE"], "object": "HR.JOBS", "columns": ["TITLE"]}])


def remove_role(world: SmallWorld) -> None:
    world.delete(*ROLE)


def granted(*wanted: Grant) -> Callable[[SmallWorld], None]:
    """Return a check that the role holds exactly *wanted*."""

    def check(world: SmallWorld) -> None:
        one_api(world)
        assert world.ready(ROLE) == ("True", "Succeeded"), world.message(ROLE)
        assert {*world.backends.database.roles.roles["HR_READER"].grants} == {*wanted}
        assert world.backends.database.roles.marks == {
            "HR_READER": (OWNED, world.kube.objects[ROLE]["metadata"]["uid"])
        }

    return check


def no_role(world: SmallWorld) -> None:
    one_api(world)
    assert ROLE not in world.kube.objects
    assert (world.backends.database.roles.roles, world.backends.database.roles.marks) == ({}, {})


SIGNED = make.route("signed", path="/signed", auth="IAM")
BATCH = {"kind": "IamRole", "name": "arn:aws:iam::123456789012:role/jobs/batch"}
READERS = {"kind": "Group", "name": "readers"}


def guarded_unborn(*objects: dict[str, Any]) -> SmallWorld:
    world = SmallWorld(*make.guarded_world(**make.api_spec(make.route("list"), SIGNED)), *objects, start=False)
    world.backends.policies.make_role(BATCH["name"])
    edit(world, ACCOUNT, iam={"managePolicies": True, "attachToRolePath": "/jobs/"})
    world.kube.secrets["db-check"] = {"username": "checker", "password": "canary-password"}
    edit(world, DATABASE, checkAccountSecretRef={"name": "db-check"})
    return world


def guarded_born() -> SmallWorld:
    world = guarded_unborn()
    world.settle(LONG_S)
    world.clock.advance(300)
    return world


def guarded_bound() -> SmallWorld:
    world = guarded_born()
    add_binding(world)
    world.settle(LONG_S)
    assert world.ready(BINDING) == ("True", "Succeeded"), world.message(BINDING)
    world.clock.advance(300)
    return world


def a_binding() -> dict[str, Any]:
    return make.binding("readers", READERS, BATCH)


def add_binding(world: SmallWorld) -> None:
    world.apply(a_binding())


def edit_binding(world: SmallWorld) -> None:
    edit(world, BINDING, subjects=[BATCH])


def remove_binding(world: SmallWorld) -> None:
    world.delete(*BINDING)


def a_day_later(world: SmallWorld) -> None:
    world.clock.advance(86400.0)


def guarded(*subjects: str) -> Callable[[SmallWorld], None]:
    """Return a check that the guard binds exactly *subjects*, and takes the key that the gateway sends."""

    def check(world: SmallWorld) -> None:
        living(world)
        guard = world.backends.database.guard
        assert {row.subject for rows in guard.bindings.values() for _, row in rows.values()} == {*subjects}
        assert guard.held == ({("HR_API", "HR_READER")} if subjects else set())
        assert world.kube.status(*API)["routesServing"] == "2/2"
        if subjects:
            assert world.ready(BINDING) == ("True", "Succeeded"), world.message(BINDING)
        holders = [found.holders for found in world.backends.policies.policies.values()]
        assert holders == ([{"role batch"}] if "123456789012/batch" in subjects else [])
        (rows,) = guard.keys.values()
        open_ended = [row for row in rows.values() if not row.ends]
        assert len(open_ended) == 1, "keys that never end are left behind"

    return check


def nothing_guarded(world: SmallWorld) -> None:
    gone(world)
    guard = world.backends.database.guard
    assert (guard.apis, guard.routes, guard.managed, guard.bindings, guard.keys) == ({}, {}, {}, {}, {})
    assert guard.held == set()
    assert world.backends.policies.policies == {}


def rotation(
    start: Callable[[], SmallWorld], act: Callable[[SmallWorld], None], check: Callable[[SmallWorld], None]
) -> Scenario:
    """Return a scenario of a password; no API is in it."""
    return Scenario(start, act, check, drains=False, apis=0)


OWNED = "cluster-1/OracleRole/hr/hr-reader"
SELECT, UPDATE = Grant("object", "SELECT", "HR.EMPLOYEES"), Grant("object", "UPDATE", "HR.EMPLOYEES")
TITLE, PAY = (Grant("object", "UPDATE", "HR.JOBS", column) for column in ("TITLE", "PAY"))

SCENARIOS = {
    "create": Scenario(unborn, nothing, one_api),
    "change of several routes": Scenario(born, change_several, one_api),
    "replacement of a VPC link": Scenario(born, replace_link, moved_to_the_new_link, links=2),
    "delete everything": Scenario(born, remove_all, gone, drains=False),
    "a second API in the schema": Scenario(born, add_other, two_apis, apis=2),
    "a role": Scenario(born, add_role, granted(SELECT, UPDATE, TITLE, PAY, Grant("role", "HR_BASE"))),
    "change of a role's grants": Scenario(with_role, edit_role, granted(TITLE)),
    "delete a role": Scenario(with_role, remove_role, no_role),
    "a guarded API": Scenario(lambda: guarded_unborn(a_binding()), nothing, guarded("readers", "123456789012/batch")),
    "a binding": Scenario(guarded_born, add_binding, guarded("readers", "123456789012/batch")),
    "change of a binding": Scenario(guarded_bound, edit_binding, guarded("123456789012/batch")),
    "delete a binding": Scenario(guarded_bound, remove_binding, guarded()),
    "a new gateway key": Scenario(guarded_bound, a_day_later, guarded("readers", "123456789012/batch")),
    "delete everything guarded": Scenario(guarded_bound, remove_all, nothing_guarded, drains=False),
    "a password in rollover": rotation(rotations.begun(), rotations.ask, rotations.rotated("Rollover", "HR_APP")),
    "a password with consumers": rotation(
        rotations.begun(secret=rotations.KUBERNETES, consumers=rotations.CONSUMERS),
        rotations.ask,
        rotations.rotated("Rollover", "HR_APP"),
    ),
    "a profile and a password in rollover": rotation(
        rotations.given_a_profile, rotations.ask, rotations.rotated("Rollover", "HR_APP", entries=1)
    ),
    "two accounts taking turns": rotation(
        rotations.begun(strategy="DualUser"), rotations.ask, rotations.rotated("DualUser", "HR_APP")
    ),
    "a password with a gap": rotation(
        rotations.begun(rotations.SINGLE, strategy="Single"), rotations.ask, rotations.rotated("Single", "HR_APP")
    ),
    "the first password of a secret": rotation(
        lambda: rotations.unborn(there=False), nothing, rotations.rotated("Single", "HR_APP", entries=1)
    ),
    "a rotation that is deleted before its switch": rotation(
        rotations.stuck("make_current"), rotations.delete, rotations.left
    ),
    "a rotation that is deleted after its switch": rotation(
        rotations.stuck("drop_pending"), rotations.delete, rotations.left
    ),
    "a rotation that is deleted with its consumers": rotation(
        rotations.stuck("consumers"), rotations.delete, rotations.left
    ),
    "delete one of two": Scenario(shared, remove_other, other_gone, drains=False, apis=2),
}


def undisturbed(scenario: Scenario) -> list[Call]:
    """Return the calls of a run in which nothing goes wrong."""
    world = scenario.start()
    history, outside = History(world), Outside(world)
    scenario.act(world)
    world.settle(LONG_S)
    calls = list(outside.calls)
    history.check(drains=scenario.drains)
    scenario.check(world)
    return calls
