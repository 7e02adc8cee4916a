"""Offers: who may use them, one text for missing and forbidden, and a finalizer while somebody does."""

from dataclasses import replace
from typing import Any

import pytest
import trustme

from oracleapi.errors import Retryable, Terminal
from oracleapi.model.rotation import CURRENT
from oracleapi.ports import Answer, Caller, DatabaseFacts, Discovery
from oracleapi.runtime.store import Key
from support import make, rotations
from support.small_world import API, SmallWorld, standard
from support.worlds import ACCOUNT, DATABASE, LINK, PROVIDER, actions, api, edit, resync, schema, the_api, written

NOBODY_ALLOWED: dict[str, Any] = {"names": []}
OFFER_FIELDS = {
    DATABASE: ("delegations", [{"namespaces": NOBODY_ALLOWED, "schemas": ["HR_API"]}]),
    LINK: ("allowedNamespaces", NOBODY_ALLOWED),
    ACCOUNT: ("allowedNamespaces", NOBODY_ALLOWED),
    PROVIDER: ("allowedNamespaces", NOBODY_ALLOWED),
}


def world_without(key: Key) -> SmallWorld:
    return SmallWorld(*(found for found in make.world() if found["kind"] != key.kind))


def world_forbidding(key: Key) -> SmallWorld:
    field, value = OFFER_FIELDS[key]
    objects = make.world()
    (found,) = [found for found in objects if found["kind"] == key.kind]
    found["spec"][field] = value
    return SmallWorld(*objects)


@pytest.mark.parametrize("key", OFFER_FIELDS, ids=lambda key: key.kind)
def test_missing_and_forbidden_read_the_same(key: Key) -> None:
    missing, forbidden = world_without(key), world_forbidding(key)
    assert missing.ready() == forbidden.ready() == ("False", "RefNotPermitted")
    assert missing.message() == forbidden.message()
    assert key.name in missing.message()
    assert "ask a platform administrator" in missing.message()
    conditions = [
        [
            {k: v for k, v in found.items() if k != "lastTransitionTime"}
            for found in world.kube.status(*API)["conditions"]
        ]
        for world in (missing, forbidden)
    ]
    assert conditions[0] == conditions[1]


@pytest.mark.parametrize("key", OFFER_FIELDS, ids=lambda key: key.kind)
def test_permission_given_later_wakes_the_api_at_once(key: Key) -> None:
    world = world_forbidding(key)
    assert [call for call in actions(world) if call not in ("CreateVpcLink",)] == []
    field, _ = OFFER_FIELDS[key]
    (wanted,) = [found for found in make.world() if found["kind"] == key.kind]
    before = world.clock.time
    edit(world, key, **{field: wanted["spec"][field]})
    world.settle(30)
    assert world.ready() == ("True", "Succeeded")
    assert world.clock.time - before <= 30


@pytest.mark.parametrize("key", OFFER_FIELDS, ids=lambda key: key.kind)
def test_an_offer_that_appears_later_wakes_the_api(key: Key) -> None:
    world = world_without(key)
    world.apply(next(found for found in make.world() if found["kind"] == key.kind))
    world.settle(60)
    assert world.ready() == ("True", "Succeeded")


@pytest.mark.parametrize("key", OFFER_FIELDS, ids=lambda key: key.kind)
def test_permission_taken_away_is_told(key: Key) -> None:
    world = standard()
    field, value = OFFER_FIELDS[key]
    edit(world, key, **{field: value})
    world.settle(5)
    assert world.ready() == ("False", "RefNotPermitted")


def test_a_namespace_can_be_allowed_by_label() -> None:
    objects = make.world()
    selector = {"selector": {"matchLabels": {"team": "hr"}}}
    for found in objects:
        if found["kind"] == "OracleDatabase":
            found["spec"]["delegations"] = [{"namespaces": selector, "schemas": ["HR_API"]}]
        elif found["kind"] != "OracleApi":
            found["spec"]["allowedNamespaces"] = selector
    world = SmallWorld(*objects)
    assert world.ready() == ("False", "RefNotPermitted")
    world.kube.labels["hr"] = {"team": "hr"}
    resync(world)
    assert world.ready() == ("True", "Succeeded")


def test_a_schema_outside_the_delegation_is_refused_by_name() -> None:
    world = standard()
    world.apply(api(make.route("list"), name="other", schema="SALES_API"))
    world.settle()
    other = Key("OracleApi", "hr", "other")
    assert world.ready(other) == ("False", "SchemaNotAllowed")
    assert "SALES_API" in world.message(other)


@pytest.mark.parametrize(
    ("key", "users"),
    [
        (ACCOUNT, "VpcLink/private"),
        (LINK, "OracleDatabase/db"),
        (DATABASE, "OracleApi/hr/hr"),
        (PROVIDER, "OracleApi/hr/hr"),
    ],
    ids=lambda found: getattr(found, "kind", found),
)
def test_an_offer_that_is_used_stays_and_names_its_users(key: Key, users: str) -> None:
    world = standard()
    world.delete(*key)
    world.settle(60)
    assert world.kube.find(*key) is not None
    assert world.ready(key) == ("False", "InUse")
    assert users in world.message(key)
    assert world.ready() == ("True", "Succeeded")
    with written(world) as found:
        world.settle(60)
    assert found == []


@pytest.mark.parametrize(("key", "others"), [(DATABASE, ()), (ACCOUNT, (DATABASE, LINK))], ids=lambda key: str(key))
def test_a_rotation_keeps_its_database_and_its_account_until_it_is_gone_itself(
    key: Key, others: tuple[Key, ...]
) -> None:
    world = rotations.settled()
    world.delete(*key)
    world.settle(60)
    assert world.ready(key) == ("False", "InUse")
    assert "SecretRotation/hr/hr-app" in world.message(key)
    for found in (rotations.ROTATION, *others):
        world.delete(*found)
    world.settle(400)
    assert world.kube.find(*rotations.ROTATION) is None
    assert world.kube.find(*key) is None


def test_a_rotation_and_its_offers_may_be_deleted_together() -> None:
    world = rotations.settled()
    for key in list(world.kube.objects):
        world.delete(*key)
    world.settle(400)
    assert world.kube.objects == {}
    assert rotations.reachable(world, CURRENT)


def test_only_five_users_are_named_and_the_rest_counted() -> None:
    objects = [found for found in make.world() if found["kind"] != "OracleApi"]
    schemas = [f"S{n}" for n in range(7)]
    for found in objects:
        if found["kind"] == "OracleDatabase":
            found["spec"]["delegations"] = [{"namespaces": {"names": ["hr"]}, "schemas": schemas}]
    world = SmallWorld(*objects, *(api(name=f"api{n}", schema=schemas[n]) for n in range(7)))
    world.delete(*PROVIDER)
    world.settle(5)
    assert world.message(PROVIDER).count("OracleApi/hr/") == 5
    assert "and 2 more" in world.message(PROVIDER)


@pytest.mark.parametrize("key", [ACCOUNT, LINK, DATABASE, PROVIDER], ids=lambda key: key.kind)
def test_an_unused_offer_goes_at_once(key: Key) -> None:
    world = SmallWorld(*(found for found in make.world() if found["kind"] in (key.kind, "AwsAccount")))
    world.delete(*key)
    world.settle(30)
    assert world.kube.find(*key) is None


@pytest.mark.parametrize("key", [ACCOUNT, LINK, DATABASE, PROVIDER], ids=lambda key: key.kind)
def test_an_offer_echoes_a_request_and_writes_nothing_more(key: Key) -> None:
    world = standard()
    found = dict(world.kube.objects[key])
    asked = {"oracleapi.dev/reconcile-requested-at": "now"}
    world.apply({**found, "metadata": {**found["metadata"], "annotations": asked}})
    world.settle(5)
    assert world.kube.status(*key)["lastHandledReconcileAt"] == "now"
    with written(world) as writes:
        resync(world)
    assert writes == []


# AwsAccount


def test_credentials_of_another_account_are_refused() -> None:
    world = SmallWorld(*make.world(), start=False)
    world.backends.aws.caller = lambda: Caller("999999999999", "arn:x")  # type: ignore[method-assign]
    world.settle(10)
    assert world.ready(ACCOUNT) == ("False", "AccountMismatch")
    assert "999999999999" in world.message(ACCOUNT)


def test_a_credentials_secret_that_is_missing_is_named() -> None:
    world = standard()
    edit(world, ACCOUNT, credentialsSecretRef={"name": "aws-keys"})
    world.settle(5)
    assert world.ready(ACCOUNT) == ("False", "CredentialsMissing")
    assert "Secret aws-keys does not exist" in world.message(ACCOUNT)


def test_an_endpoint_needs_the_operator_s_consent() -> None:
    world = standard()
    world.operator.references._allow_endpoint_override = False
    edit(world, ACCOUNT, endpointUrl="https://aws.internal")
    world.settle(5)
    assert world.ready(ACCOUNT) == ("False", "EndpointNotAllowed")


# OracleDatabase


def test_a_database_tells_its_versions_and_identity() -> None:
    status = standard().kube.status(*DATABASE)
    assert (status["databaseVersion"], status["ordsVersion"], status["pdbGuid"]) == ("19.22.0.0.0", "26.3.0", "A1B2")


def test_a_connection_that_leads_to_another_database_is_refused() -> None:
    world = standard()
    world.backends.database.facts = lambda: DatabaseFacts("19", "26", "OTHER", ())  # type: ignore[method-assign]
    resync(world)
    assert world.ready(DATABASE) == ("False", "Conflict")
    assert world.kube.status(*DATABASE)["pdbGuid"] == "A1B2"


def test_rights_that_are_missing_are_named() -> None:
    world = SmallWorld(*make.world(), start=False)
    facts = DatabaseFacts("", "", "", ("ORDS_ADMINISTRATOR_ROLE",))
    world.backends.database.facts = lambda: facts  # type: ignore[method-assign]
    world.settle(5)
    assert world.ready(DATABASE) == ("False", "PrivilegesMissing")
    assert world.condition("PrivilegesSufficient", DATABASE) == ("False", "PrivilegesMissing")
    assert "ORDS_ADMINISTRATOR_ROLE" in world.message(DATABASE)


def test_an_ords_that_does_not_answer_is_told() -> None:
    world = standard()

    def down(url: str) -> Answer:
        raise Retryable("OrdsUnreachable", "no answer from ORDS")

    world.backends.ords.ask = down  # type: ignore[method-assign]
    resync(world, 0)
    assert world.ready(DATABASE) == ("Unknown", "OrdsUnreachable")
    assert world.condition("OrdsReachable", DATABASE) == ("False", "OrdsUnreachable")
    assert world.condition("Connected", DATABASE) == ("True", "Succeeded")
    assert the_api(world).routes


def test_a_login_that_is_denied_is_told() -> None:
    world = standard()
    world.backends.database.down = Retryable("LoginDenied", "ORA-01017; check username and password", 120.0)
    resync(world, 0)
    assert world.ready(DATABASE) == ("Unknown", "LoginDenied")
    assert world.condition("Connected", DATABASE) == ("False", "LoginDenied")


# IdentityProvider


def test_a_provider_that_either_gate_cannot_use_is_named_rule_by_rule() -> None:
    world = SmallWorld(*make.world(), start=False)
    found = Discovery("https://idp.example.com/keys", 1, ("RS256",), ("too large for the gateway",), ("odd keys",))
    world.backends.provider.found = found
    world.settle(5)
    assert world.ready(PROVIDER) == ("False", "KeysUnusable")
    assert world.condition("GatewayCompatible", PROVIDER) == ("False", "KeysUnusable")
    assert world.condition("OrdsCompatible", PROVIDER) == ("False", "KeysUnusable")
    assert world.message(PROVIDER) == "too large for the gateway; odd keys"
    world.backends.provider.found = replace(found, gateway_faults=())
    resync(world)
    assert world.condition("GatewayCompatible", PROVIDER) == ("True", "Succeeded")
    assert world.message(PROVIDER) == "odd keys"


def world_with_provider(**fields: Any) -> SmallWorld:
    objects = make.world()
    for found in objects:
        if found["kind"] == "IdentityProvider":
            found["spec"] |= fields
    return SmallWorld(*objects)


COGNITO = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI"


@pytest.mark.parametrize("fields", [{"issuer": COGNITO}, {"tokensCarryAudience": False}])
def test_a_provider_whose_tokens_carry_no_audience_is_refused_with_the_cure(fields: dict[str, Any]) -> None:
    world = world_with_provider(**fields)
    assert world.ready(PROVIDER) == ("False", "NoAudience")
    assert world.condition("OrdsCompatible", PROVIDER) == ("False", "NoAudience")
    assert "set spec.tokensCarryAudience: true, or use another provider" in world.message(PROVIDER)
    assert world.ready() == ("False", "DependencyNotReady")
    assert "IdentityProvider staff is not ready: NoAudience: spec.issuer: access tokens of a Cognito" in world.message()
    assert world.backends.aws.apis == {}


def test_cognito_is_taken_where_its_tokens_are_said_to_carry_an_audience() -> None:
    world = world_with_provider(issuer=COGNITO, tokensCarryAudience=True)
    assert world.ready(PROVIDER) == ("True", "Succeeded")
    assert world.ready() == ("True", "Succeeded")
    edit(world, PROVIDER, tokensCarryAudience=None)
    world.settle()
    assert world.ready(PROVIDER) == ("False", "NoAudience")
    assert "jwksUri" not in world.kube.status(*PROVIDER)


def test_the_keys_of_an_issuer_are_none_of_the_next_one_s() -> None:
    world = standard()
    profile = schema(world).profile
    assert world.kube.status(*PROVIDER)["issuer"] == "https://idp.example.com/"
    away = Retryable("DiscoveryFailed", "no answer")

    def discover(issuer: str, ca_pem: str | None) -> Discovery:
        if away_now:
            raise away
        return Discovery("https://next.example.com/keys", 1, ("RS256",), (), ())

    away_now = [True]
    world.backends.provider.discover = discover  # type: ignore[method-assign]
    edit(world, PROVIDER, issuer="https://next.example.com/")
    world.operator.queue.add(API)  # before its provider was looked at
    world.settle(30)
    assert schema(world).profile == profile
    assert {"issuer", "jwksUri", "keys", "algorithms"}.isdisjoint(world.kube.status(*PROVIDER))
    assert world.ready() == ("False", "DependencyNotReady")
    away_now.clear()
    world.settle(600)
    assert world.ready() == ("True", "Succeeded")
    made = schema(world).profile
    assert made is not None
    assert (made.issuer, made.jwk_url) == ("https://next.example.com/", "https://next.example.com/keys")


def test_a_provider_that_does_not_answer_keeps_its_keys() -> None:
    world = standard()
    before = world.kube.status(*PROVIDER)["jwksUri"]

    def away(issuer: str, ca_pem: str | None) -> Discovery:
        raise Retryable("DiscoveryFailed", "no answer")

    world.backends.provider.discover = away  # type: ignore[method-assign]
    edit(world, PROVIDER, audiences=["hr-api", "more"])
    world.settle(30)
    assert world.condition("Discovered", PROVIDER) == ("False", "DiscoveryFailed")
    assert world.kube.status(*PROVIDER)["jwksUri"] == before


def test_an_issuer_that_does_not_match_is_stalled() -> None:
    world = standard()

    def mismatch(issuer: str, ca_pem: str | None) -> Discovery:
        raise Terminal("IssuerMismatch", "spec.issuer is x, but its discovery document says y")

    world.backends.provider.discover = mismatch  # type: ignore[method-assign]
    resync(world)
    assert world.ready(PROVIDER) == ("False", "IssuerMismatch")
    assert world.condition("Discovered", PROVIDER) == ("False", "IssuerMismatch")
    assert world.ready() == ("True", "Succeeded")


@pytest.mark.parametrize(
    ("audiences", "audience", "words"),
    [
        (["one", "two"], None, "choose one of one, two"),
        (["one"], "two", "two is not offered"),
    ],
)
def test_an_audience_must_be_one_that_is_offered(audiences: list[str], audience: str | None, words: str) -> None:
    objects = make.world()
    jwt: dict[str, Any] = {"providerRef": {"name": "staff"}, "defaultScope": "a.read"}
    if audience is not None:
        jwt["audience"] = audience
    for found in objects:
        if found["kind"] == "IdentityProvider":
            found["spec"]["audiences"] = audiences
        elif found["kind"] == "OracleApi":
            found["spec"]["auth"] = {"jwt": jwt}
    world = SmallWorld(*objects)
    assert world.ready() == ("False", "InvalidSpec")
    assert words in world.message()


def test_new_keys_at_the_provider_reach_the_schema() -> None:
    world = standard()
    world.backends.provider.found = replace(world.backends.provider.found, jwks_uri="https://idp.example.com/new")
    resync(world)
    profile = world.backends.database.schemas["HR_API"].profile
    assert profile is not None
    assert profile.jwk_url == "https://idp.example.com/new"


def test_a_ca_secret_without_its_key_is_named() -> None:
    world = standard()
    world.kube.secrets["ca"] = {"other": trustme.CA().cert_pem.bytes().decode(), "text": "x"}
    edit(world, PROVIDER, caSecretRef={"name": "ca"})
    world.settle(0)
    assert world.ready(PROVIDER) == ("False", "CredentialsMissing")
    assert "Secret ca has no key ca.crt" in world.message(PROVIDER)
    edit(world, PROVIDER, caSecretRef={"name": "ca", "key": "text"})
    world.settle(0)
    assert "spec.caSecretRef: key text of Secret ca holds no PEM certificate" in world.message(PROVIDER)
    edit(world, PROVIDER, caSecretRef={"name": "ca", "key": "other"})
    world.settle(0)
    assert world.ready(PROVIDER) == ("True", "Succeeded")
