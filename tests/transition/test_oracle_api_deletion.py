"""Deletion: gateway half first, nothing of ours left behind in whatever order, and always a way out."""

import itertools
import json

import pytest

from oracleapi.errors import Retryable, Terminal, Uncertain
from oracleapi.runtime.store import Key
from support import make
from support.history import History
from support.small_world import API, SmallWorld, standard
from support.worlds import ACCOUNT, DATABASE, LINK, PROVIDER, annotate, api, edit, events, resync, schema, world_of

KINDS = (API, DATABASE, LINK, PROVIDER, ACCOUNT)


def assert_clean(world: SmallWorld) -> None:
    assert world.kube.objects == {}
    assert world.backends.aws.apis == {}
    assert world.backends.aws.links == {}
    found = schema(world)
    assert (found.enabled, found.profile) == (False, None)
    assert (dict(found.modules), dict(found.privileges), found.roles) == ({}, {}, frozenset())


def test_deleting_in_the_order_of_the_readme_leaves_only_the_log_group() -> None:
    world = standard()
    for key in KINDS:
        world.delete(*key)
        world.settle()
        assert world.kube.find(*key) is None
    assert_clean(world)
    assert list(world.backends.aws.log_groups) == ["/aws/vendedlogs/oracleapi/cluster-1/hr/hr"]
    assert "audit trail" in events(world, "LogGroupKept")[0]


ORDERS = list(itertools.permutations(range(len(KINDS))))


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: "".join(map(str, order)))
def test_deleting_everything_at_once_in_any_order_ends_clean(order: tuple[int, ...]) -> None:
    world = standard()
    for index in order:
        world.delete(*KINDS[index])
    world.settle(300)
    assert_clean(world)


@pytest.mark.parametrize("pause", [1, 12])
@pytest.mark.parametrize("order", [(4, 3, 2, 1, 0), (1, 0, 4, 2, 3), (2, 4, 1, 3, 0)])
def test_deleting_one_after_the_other_in_any_order_ends_clean(order: tuple[int, ...], pause: int) -> None:
    world = standard()
    for index in order:
        world.delete(*KINDS[index])
        world.settle(pause)
    world.settle(300)
    assert_clean(world)


@pytest.mark.parametrize("order", ORDERS[::23])
def test_deleting_everything_while_it_is_being_made_ends_clean(order: tuple[int, ...]) -> None:
    for passes in range(0, 14, 2):
        world = SmallWorld(*make.world(), start=False)
        for _ in range(passes):
            key = world.operator.queue.take(0)
            if key is not None:
                world.run(key)
                world.operator.queue.done(key)
            world.sync()
        for index in order:
            world.delete(*KINDS[index])
        world.settle(600)
        assert_clean(world)


def test_the_gateway_half_goes_before_the_ords_half() -> None:
    world = standard()
    history = History(world)
    world.delete(*API)
    world.settle()
    assert history.actions == [
        "delete API api2",
        "schema HR_API: delete module oa-a-read-524c50/hr/v1, delete module oa-probe/hr/v1, delete privilege a.read,"
        " delete JWT profile",
        "disable schema HR_API",
    ]


def test_a_database_that_is_down_keeps_the_ords_half_and_says_the_way_out() -> None:
    world = standard()
    world.backends.database.down = Retryable("DatabaseUnreachable", "the database does not answer (DPY-6005)")
    world.delete(*API)
    world.settle(60)
    assert world.backends.aws.apis == {}
    assert world.ready() == ("False", "DatabaseUnreachable")
    assert "the gateway half is gone, the ORDS half is still there" in world.message()
    assert "deletionPolicy: Retain" in world.message()
    assert "apiId" not in world.kube.status(*API)
    world.backends.database.down = None
    world.settle(120)
    assert world.kube.find(*API) is None
    assert not schema(world).enabled


def test_the_annotation_releases_an_api_whose_database_is_gone_for_good() -> None:
    world = standard()
    world.backends.database.down = Retryable("DatabaseUnreachable", "the database does not answer")
    world.delete(*API)
    world.settle(60)
    annotate(world, API, deletion_policy="Retain")
    world.settle(5)
    assert world.kube.find(*API) is None


def test_an_account_that_refuses_keeps_both_halves_and_says_the_way_out() -> None:
    world = standard()
    world.backends.aws.faults["list_apis"] = [Retryable("AwsAccessDenied", "AWS denied apigateway:GetApis", 60.0)] * 3
    world.delete(*API)
    world.settle(60)
    assert world.ready() == ("False", "AwsAccessDenied")
    assert "the gateway half is still there" in world.message()
    assert "deletionPolicy: Retain" in world.message()
    assert schema(world).modules
    world.settle(300)
    assert world.kube.find(*API) is None


def test_credentials_that_are_gone_are_named() -> None:
    world = standard()
    world.kube.secrets.clear()
    world.delete(*API)
    world.settle(60)
    assert world.ready() == ("False", "CredentialsMissing")
    assert "canary" not in json.dumps(world.kube.status(*API))
    world.kube.secrets["db-operator"] = {"username": "op", "password": "canary-password"}
    world.settle(120)
    assert world.kube.find(*API) is None


def test_retain_leaves_everything_as_it_is() -> None:
    world = world_of(make.route("list"), deletionPolicy="Retain")
    before = (dict(world.backends.aws.apis), schema(world))
    world.delete(*API)
    world.settle()
    assert world.kube.find(*API) is None
    assert (world.backends.aws.apis, schema(world)) == before


def test_a_retained_api_is_found_again_by_its_name() -> None:
    world = world_of(make.route("list"), deletionPolicy="Retain")
    (api_id,) = world.backends.aws.apis
    world.delete(*API)
    world.settle()
    world.apply(api(make.route("list")))
    world.settle(300)
    assert world.ready() == ("True", "Succeeded")
    assert list(world.backends.aws.apis) == [api_id]
    assert world.backends.aws.calls.count("CreateApi") == 1


def test_a_suspended_api_is_deleted_all_the_same() -> None:
    world = standard()
    edit(world, API, suspend=True)
    world.settle()
    world.delete(*API)
    world.settle()
    assert world.kube.find(*API) is None
    assert world.backends.aws.apis == {}


def test_permission_is_not_asked_again_at_deletion() -> None:
    world = standard()
    edit(world, DATABASE, delegations=[])
    world.settle()
    assert world.ready() == ("False", "RefNotPermitted")
    world.delete(*API)
    world.settle()
    assert world.kube.find(*API) is None
    assert world.backends.aws.apis == {}


@pytest.mark.parametrize("there", list(itertools.product([True, False], repeat=3)), ids=str)
def test_an_api_whose_offers_never_existed_can_be_deleted(there: tuple[bool, ...]) -> None:
    kinds = [kind for kind, present in zip(("AwsAccount", "VpcLink", "OracleDatabase"), there, strict=True) if present]
    world = SmallWorld(*(found for found in make.world() if found["kind"] in (*kinds, "OracleApi")))
    world.delete(*API)
    world.settle(60)
    assert world.kube.find(*API) is None
    for key in (DATABASE, LINK, ACCOUNT):
        if key.kind in kinds:
            world.delete(*key)
    world.settle(300)
    assert world.kube.objects == {}


def test_a_terminal_error_at_deletion_keeps_the_object_and_says_why() -> None:
    world = standard()
    world.backends.aws.faults["DeleteApi"] = [Terminal("AwsRefused", "apigateway:DeleteApi: no")]
    world.delete(*API)
    world.settle(5)
    assert world.ready() == ("False", "AwsRefused")
    world.settle(120)
    assert world.kube.find(*API) is None


def test_deletion_waits_for_a_create_that_may_still_become_visible() -> None:
    world = SmallWorld(*(found for found in make.world() if found["kind"] != "OracleApi"))
    aws, shown = world.backends.aws, world.clock.time + 40
    aws.faults["CreateApi"] = [Uncertain("CreateUncertain", "no answer")]
    listed = aws.list_apis
    aws.list_apis = lambda: listed() if world.clock.time >= shown else []  # type: ignore[method-assign]
    world.apply(api(make.route("list")))
    world.settle(2)
    assert len(aws.apis) == 1
    world.delete(*API)
    world.settle(5)
    assert world.ready() == ("False", "CreateUncertain")
    world.settle(200)
    assert world.kube.find(*API) is None
    assert aws.apis == {}


def test_an_offer_that_is_asked_for_again_after_deletion_is_made_anew() -> None:
    world = standard()
    for key in KINDS:
        world.delete(*key)
    world.settle(300)
    for found in make.world():
        world.apply(found)
    world.settle(300)
    assert world.ready() == ("True", "Succeeded")
    resync(world)
    assert world.ready(Key("VpcLink", None, "private")) == ("True", "Succeeded")
