"""Crashes and lost answers: whatever happens, one owner has one thing, and no route is ever unprotected."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from oracleapi.errors import OperatorError, Retryable, Uncertain
from oracleapi.model.link import CreateLink
from support import make
from support.history import History
from support.small_world import API, SmallWorld
from support.worlds import LINK, api, events, resync, schema, the_api, world_of, written

LOST = Uncertain("CreateUncertain", "no answer to apigateway:Create; looking it up")
CALLS = {
    "kube": ("patch_status", "add_finalizer", "remove_finalizer"),
    "aws": ("list_apis", "list_links", "observe_content", "observe_stage", "create_api", "create_link", "apply"),
    "database": ("observe_schema", "apply"),
}


class Killed(BaseException):
    """The process ends here."""


class Killer:
    """Ends the process before the call of a given number: that is also after the one before it."""

    def __init__(self, world: SmallWorld, number: int = -1) -> None:
        self.count, self._number = 0, number
        parts = {"kube": world.kube, "aws": world.backends.aws, "database": world.backends.database}
        for part, names in CALLS.items():
            for name in names:
                setattr(parts[part], name, self._wrapped(getattr(parts[part], name)))

    def _wrapped(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **more: Any) -> Any:
            self.count += 1
            if self.count == self._number:
                raise Killed
            return call(*arguments, **more)

        return wrapped


def create(world: SmallWorld) -> None:
    world.settle(200)


def move(world: SmallWorld) -> None:
    world.clock.advance(300)
    world.apply(api(make.route("list", scope="b.read"), make.route("new", path="/new")))
    world.settle(200)


def remove(world: SmallWorld) -> None:
    for key in list(world.kube.objects):
        world.delete(*key)
    world.settle(200)


def unborn() -> SmallWorld:
    return SmallWorld(*make.world(), start=False)


def born() -> SmallWorld:
    return world_of(make.route("list"), make.route("add", method="POST"))


SCENARIOS: dict[str, tuple[Callable[[], SmallWorld], Callable[[SmallWorld], None]]] = {
    "create": (unborn, create),
    "move": (born, move),
    "remove": (born, remove),
}


def count_calls(scenario: str) -> int:
    start, act = SCENARIOS[scenario]
    world = start()
    killer = Killer(world)
    act(world)
    return killer.count


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_kill_at_any_call_leaves_no_twin_no_orphan_and_no_open_route(scenario: str) -> None:
    start, act = SCENARIOS[scenario]
    for number in range(1, count_calls(scenario) + 1):
        world = start()
        history = History(world)
        Killer(world, number)
        with pytest.raises(Killed):
            act(world)
        world.restart()
        world.settle(200)
        history.check(drains=scenario != "remove")
        creates = world.backends.aws.calls.count("CreateApi"), world.backends.aws.calls.count("CreateVpcLink")
        assert creates == (1, 1), number
        if scenario == "remove":
            assert world.kube.objects == {}, number
            assert (world.backends.aws.apis, world.backends.aws.links) == ({}, {})
            assert not schema(world).enabled
        else:
            assert world.ready() == ("True", "Succeeded"), number
            assert len(world.backends.aws.apis) == len(world.backends.aws.links) == 1
            assert "intents" not in world.kube.status(*API)
            assert schema(world).privileges["oracleapi.enabled"].comments


@pytest.mark.parametrize("fault", [Retryable("AwsThrottled", "x"), Retryable("AwsUnavailable", "x")])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_fault_at_any_action_heals(scenario: str, fault: OperatorError) -> None:
    start, act = SCENARIOS[scenario]
    reference = start()
    skip = len(reference.backends.aws.calls)
    act(reference)
    for name in dict.fromkeys(reference.backends.aws.calls[skip:]):
        if name in ("CreateApi", "CreateVpcLink"):
            continue  # the fake carries these out before it fails, which only Uncertain may say
        world = start()
        history = History(world)
        world.backends.aws.faults[name] = [fault]
        act(world)
        history.check(drains=scenario != "remove")
        if scenario == "remove":
            assert world.kube.objects == {}
        else:
            assert world.ready() == ("True", "Succeeded"), name


@pytest.mark.parametrize("restart", [False, True], ids=["same process", "new process"])
@pytest.mark.parametrize("call", ["CreateApi", "CreateVpcLink"])
def test_a_lost_answer_makes_one_thing(call: str, restart: bool) -> None:
    world = SmallWorld(*make.world(), start=False)
    world.backends.aws.faults[call] = [LOST]
    world.settle(0.5)
    if restart:
        world.restart()
    world.settle(300)
    assert world.ready() == ("True", "Succeeded")
    assert world.backends.aws.calls.count(call) == 1
    assert len(world.backends.aws.apis) == len(world.backends.aws.links) == 1


@pytest.mark.parametrize("restart", [False, True], ids=["same process", "new process"])
@pytest.mark.parametrize("call", ["create_api", "create_link"])
def test_a_create_that_did_not_happen_is_sent_again_after_the_window_only(call: str, restart: bool) -> None:
    world = SmallWorld(*make.world(), start=False)
    aws = world.backends.aws
    sent: list[float] = []
    original = getattr(aws, call)

    def lost(action: Any) -> Any:
        sent.append(world.clock.time)
        if len(sent) == 1:
            raise LOST
        return original(action)

    setattr(aws, call, lost)
    world.settle(10)
    waiting = API if call == "create_api" else LINK
    assert world.ready(waiting) == ("False", "CreateUncertain")
    assert world.kube.status(*waiting)["intents"]
    if restart:
        world.restart()
    world.settle(300)
    assert len(sent) == 2
    assert sent[1] - sent[0] >= 60
    assert world.ready() == ("True", "Succeeded")
    assert "intents" not in world.kube.status(*waiting)


@pytest.mark.parametrize("call", ["list_apis", "list_links"])
def test_a_thing_that_shows_late_is_taken_not_made_again(call: str) -> None:
    world = SmallWorld(*make.world(), start=False)
    aws = world.backends.aws
    aws.faults["CreateApi"], aws.faults["CreateVpcLink"] = [LOST], [LOST]
    shown = world.clock.time + 45
    listed = getattr(aws, call)
    setattr(aws, call, lambda: listed() if world.clock.time >= shown else [])
    world.settle(300)
    assert world.ready() == ("True", "Succeeded")
    assert aws.calls.count("CreateApi") == aws.calls.count("CreateVpcLink") == 1


def test_a_lost_create_beside_a_link_that_is_being_deleted_makes_one_link() -> None:
    world = world_of(make.route("list"))
    aws = world.backends.aws
    (old,) = aws.links
    aws.links[old] = aws.links[old].__class__(**{**aws.links[old].__dict__, "state": "DELETING"})
    listed = aws.list_links
    gone = aws.links[old]
    aws.list_links = lambda: [*listed(), *([] if old in aws.links else [gone])]  # type: ignore[method-assign]
    aws.faults["CreateVpcLink"] = [LOST]
    resync(world, 300)
    assert aws.calls.count("CreateVpcLink") == 2  # at first, and once more
    assert world.ready(LINK) == ("True", "Succeeded")
    assert world.kube.status(*LINK)["vpcLinkId"] != old


def test_a_fault_of_ours_around_a_create_does_not_make_a_twin() -> None:
    world = SmallWorld(*make.world(), start=False)
    aws = world.backends.aws
    create_api = aws.create_api

    def broken(action: Any) -> Any:
        create_api(action)
        aws.create_api = create_api  # type: ignore[method-assign]
        raise KeyError("ApiEndpoint")

    aws.create_api = broken  # type: ignore[method-assign]
    listed, shown = aws.list_apis, world.clock.time + 30
    aws.list_apis = lambda: listed() if world.clock.time >= shown else []  # type: ignore[method-assign]
    world.settle(300)
    assert world.ready() == ("True", "Succeeded")
    assert aws.calls.count("CreateApi") == 1


def test_a_refused_create_leaves_no_intent() -> None:
    world = SmallWorld(*make.world(), start=False)
    aws = world.backends.aws
    create_api = aws.create_api

    def refused(_: Any) -> Any:
        aws.create_api = create_api  # type: ignore[method-assign]
        raise Retryable("AwsThrottled", "AWS throttled apigateway:CreateApi")

    aws.create_api = refused  # type: ignore[method-assign]
    world.settle(30)
    assert world.ready() == ("True", "Succeeded")
    assert aws.calls.count("CreateApi") == 1


def test_of_two_things_with_one_owner_the_one_in_status_is_kept() -> None:
    world = world_of(make.route("list"))
    aws = world.backends.aws
    (serving,) = aws.apis
    identity = aws.apis[serving].identity
    aws.apis = {
        "api0": aws.apis[serving].__class__(identity.__class__("api0", "x", "https://x", identity.tags, ""))
    } | (aws.apis)
    resync(world)
    assert list(aws.apis) == [serving]
    assert world.kube.status(*API)["apiId"] == serving
    assert "api0" in events(world, "DuplicateRemoved")[0]
    with written(world) as found:
        resync(world)
    assert found == []


def test_of_two_that_serve_the_other_is_told_and_left_alone() -> None:
    world = world_of(make.route("list"))
    aws = world.backends.aws
    (serving,) = aws.apis
    other = replace(aws.apis[serving], identity=replace(aws.apis[serving].identity, api_id="api0", created=""))
    aws.apis = {"api0": other} | aws.apis
    resync(world)
    assert set(aws.apis) == {"api0", serving}
    assert "api0" in events(world, "DuplicateServes")[0]
    assert world.kube.status(*API)["apiId"] == serving


def test_a_restored_cluster_without_status_finds_its_things() -> None:
    world = world_of(make.route("list"))
    for found in world.kube.objects.values():
        found["status"] = {"observedGeneration": -1}
        found["metadata"] |= {"uid": f"{found['metadata']['uid']}-restored"}
    world.restart()
    world.settle(300)
    assert world.ready() == ("True", "Succeeded")
    assert world.backends.aws.calls.count("CreateApi") == world.backends.aws.calls.count("CreateVpcLink") == 1
    assert the_api(world).identity.tags["oracleapi.dev/uid"] == "uid-hr-restored"


def test_a_link_is_made_with_the_owner_s_tags() -> None:
    world = SmallWorld(*make.world(), start=False)
    seen: list[CreateLink] = []
    create_link = world.backends.aws.create_link

    def recorded(action: CreateLink) -> str:
        seen.append(action)
        return create_link(action)

    world.backends.aws.create_link = recorded  # type: ignore[method-assign]
    world.settle()
    assert [action.desired.tags["oracleapi.dev/owner"] for action in seen] == ["cluster-1/VpcLink/-/private"]
