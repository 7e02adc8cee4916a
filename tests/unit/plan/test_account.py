"""The plan of a twin: it ends with exactly what the active account holds, and an equal one is left alone."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracleapi.errors import Terminal
from oracleapi.model.account import Equalize, Holding, ObservedAccount
from oracleapi.plan.account import check_twin_name, plan_twin, twin_name
from support.fake_rotation import Account, FakeAccounts, place

ONE, TWIN = "HR_APP", "HR_APP_CLONE"
SESSION = Holding("system", "CREATE SESSION")
READ, WRITE = Holding("object", "SELECT", "HR.PAY"), Holding("object", "UPDATE", "HR.PAY")
AMOUNT, NOTE = Holding("column", "UPDATE", "HR.PAY(AMOUNT)"), Holding("column", "UPDATE", "HR.PAY(NOTE)")
ROLE, ADMIN = Holding("role", "HR_BASE", default=True), Holding("role", "HR_BASE", option=True)
PROFILE = Holding("setting", "PROFILE", value="APPS")
QUOTA = Holding("quota", "USERS", value="-1")
PROXY = Holding("proxy", "HR_API", value="WITH NO ROLES")
THROUGH = Holding("through", "MIDDLE", value="WITH ROLE HR_BASE")
SUBVIEWS, SUBVIEWS_GONE = replace(READ, hierarchy=True), replace(READ, hierarchy=False)
CODE = Holding("role", "HR_BASE", delegate=True)
WAGES = Holding("synonym", "WAGES", "HR.PAY")
AUDIT, LUCK = Holding("audit policy", "P"), Holding("audit policy", "P", value="WHENEVER SUCCESSFUL")
FAILURES = Holding("audit policy", "P", value="WHENEVER NOT SUCCESSFUL")
CONTEXT = Holding("audit context", "MODULE", "USERENV")
BUT = Holding("audit exception", "P")
HOST = Holding("network", "CONNECT", f"host {ONE}.example.org")
GROUP, MAPPED = Holding("consumer group", "LOW_GROUP"), Holding("mapped group", "LOW_GROUP")
TRIGGER = Holding("schema trigger", "LOGON")
SCHEMA = Holding("schema", "SELECT ANY TABLE", "HR")


def account(name: str, *holdings: Holding) -> ObservedAccount:
    return ObservedAccount(name, holdings=frozenset(holdings))


def planned(active: list[Holding], twin: list[Holding]) -> Equalize | None:
    return plan_twin(account(ONE, *active), account(TWIN, *twin))


@pytest.mark.parametrize(
    ("active", "twin", "revoke", "grant"),
    [
        ([SESSION, READ], [SESSION], (), (READ,)),
        ([SESSION], [SESSION, READ, QUOTA, PROXY], (READ, PROXY, QUOTA), ()),
        ([READ], [WRITE], (WRITE,), (READ,)),
        ([replace(READ, option=True)], [READ], (), (replace(READ, option=True),)),
        ([READ], [replace(READ, option=True)], (READ,), (READ,)),
        ([ROLE], [replace(ROLE, default=False)], (), (ROLE,)),
        ([ROLE], [ADMIN], (ADMIN,), (ROLE,)),
        ([NOTE], [NOTE, AMOUNT], (WRITE,), (NOTE,)),
        ([NOTE, AMOUNT], [WRITE], (WRITE,), (NOTE, AMOUNT)),
        ([WRITE, NOTE], [WRITE, AMOUNT], (WRITE,), (NOTE, WRITE)),
        ([QUOTA], [replace(QUOTA, value="8192")], (), (QUOTA,)),
        ([PROXY], [replace(PROXY, value="")], (), (PROXY,)),
        ([SUBVIEWS], [READ], (), (SUBVIEWS,)),
        ([READ], [SUBVIEWS], (SUBVIEWS_GONE,), (READ,)),
        ([replace(READ, option=True)], [SUBVIEWS], (SUBVIEWS_GONE,), (replace(READ, option=True),)),
        ([CODE], [replace(CODE, delegate=False)], (), (CODE,)),
        ([replace(CODE, delegate=False)], [CODE], (CODE,), (replace(CODE, delegate=False),)),
        ([ADMIN], [CODE], (CODE,), (ADMIN,)),
        ([SCHEMA], [], (), (SCHEMA,)),
        ([], [SCHEMA], (SCHEMA,), ()),
        ([SCHEMA], [replace(SCHEMA, option=True)], (replace(SCHEMA, option=True),), (SCHEMA,)),
        ([THROUGH], [replace(THROUGH, value="")], (), (THROUGH,)),
        ([WAGES], [], (), (WAGES,)),
        ([], [WAGES], (WAGES,), ()),
        ([WAGES], [replace(WAGES, on="OLD.PAY")], (), (WAGES,)),
        ([WAGES], [replace(WAGES, value="@HQ")], (), (WAGES,)),
        ([], [THROUGH], (THROUGH,), ()),
        ([PROFILE], [replace(PROFILE, value="DEFAULT")], (), (PROFILE,)),
    ],
)
def test_what_differs_is_taken_before_it_is_given(
    active: list[Holding], twin: list[Holding], revoke: tuple[Holding, ...], grant: tuple[Holding, ...]
) -> None:
    assert planned(active, twin) == Equalize(TWIN, tuple(sorted(revoke)), tuple(sorted(grant)))


@pytest.mark.parametrize(
    ("active", "twin", "plan"),
    [
        ([AUDIT, CONTEXT], [], Equalize(TWIN, grant=(CONTEXT, AUDIT))),
        ([AUDIT], [LUCK], Equalize(TWIN, grant=(AUDIT,))),
        ([LUCK], [], Equalize(TWIN, grant=(LUCK,))),
        ([LUCK], [AUDIT], Equalize(TWIN, lacking=(LUCK,), excess=(AUDIT,))),
        ([LUCK], [FAILURES], Equalize(TWIN, lacking=(LUCK,), excess=(FAILURES,))),
        ([], [AUDIT, CONTEXT], Equalize(TWIN, excess=(CONTEXT, AUDIT))),
        ([BUT], [], Equalize(TWIN, lacking=(BUT,))),
        ([], [BUT], Equalize(TWIN, excess=(BUT,))),
        ([READ, BUT], [], Equalize(TWIN, grant=(READ,), lacking=(BUT,))),
        ([HOST, GROUP, MAPPED], [], Equalize(TWIN, lacking=(GROUP, MAPPED, HOST))),
        ([], [HOST, TRIGGER, GROUP, MAPPED], Equalize(TWIN, excess=(GROUP, MAPPED, HOST, TRIGGER))),
        (
            [GROUP],
            [replace(GROUP, option=True)],
            Equalize(TWIN, lacking=(GROUP,), excess=(replace(GROUP, option=True),)),
        ),
        ([AUDIT, CONTEXT, BUT], [AUDIT, CONTEXT, BUT], None),
    ],
)
def test_an_audit_is_added_and_what_would_end_one_is_for_people(
    active: list[Holding], twin: list[Holding], plan: Equalize | None
) -> None:
    assert planned(active, twin) == plan


def test_equal_accounts_are_left_alone() -> None:
    same = [SESSION, READ, WRITE, NOTE, ROLE, PROFILE, QUOTA, PROXY]
    assert planned(same, same) is None


def test_what_one_owns_is_neither_given_nor_taken() -> None:
    """The owner holds no grants on it, and what a DBA gave the other one on it is not for us to take."""
    on_mine = [
        Holding("object", "SELECT", f"{ONE}.T"),
        Holding("column", "UPDATE", f"{ONE}.T(A)"),
        Holding("object", "EXECUTE", f"JAVA SOURCE {ONE}.J"),
        Holding("object", "INHERIT PRIVILEGES", f"USER SYS.{ONE}"),
        Holding("schema", "SELECT ANY TABLE", ONE),
    ]
    mine, other = account(ONE, SESSION), account(TWIN, SESSION, *on_mine)
    assert plan_twin(mine, other) is None
    assert plan_twin(other, mine) is None


def test_others_whose_names_begin_alike_are_no_exception() -> None:
    alike = Holding("object", "SELECT", f"{ONE}2.T")
    assert planned([alike], []) == Equalize(TWIN, (), (alike,))


def test_what_leads_to_the_other_account_is_mirrored() -> None:
    through = [Holding("proxy", TWIN, value="WITH ROLE A")]
    mirrored = Holding("proxy", ONE, value="WITH ROLE A")
    assert planned(through, []) == Equalize(TWIN, (), (mirrored,))
    assert planned(through, [mirrored]) is None


def test_what_leads_from_one_to_the_other_is_one_row_and_is_not_taken_from_its_other_end() -> None:
    mine, other = account(ONE, Holding("proxy", TWIN)), account(TWIN, Holding("through", ONE))
    assert plan_twin(mine, other) == Equalize(TWIN, (), (Holding("proxy", ONE),))
    assert plan_twin(account(ONE, Holding("through", TWIN)), account(TWIN, Holding("proxy", ONE))) == Equalize(
        TWIN, (Holding("proxy", ONE),)
    )


def test_a_synonym_for_one_of_its_own_leads_to_the_twin_s_own() -> None:
    chain = [WAGES, Holding("synonym", "SALARIES", f"{ONE}.WAGES"), Holding("synonym", "THEIRS", f"{TWIN}.OTHER")]
    mirrored = (Holding("synonym", "SALARIES", f"{TWIN}.WAGES"), Holding("synonym", "THEIRS", f"{ONE}.OTHER"), WAGES)
    assert planned(chain, []) == Equalize(TWIN, (), mirrored)
    assert planned(chain, [*mirrored]) is None


def test_roles_come_before_what_is_given_through_others_and_may_name_them() -> None:
    plan = planned([THROUGH, ROLE], [])
    assert plan is not None
    assert plan.grant == (ROLE, THROUGH)


@pytest.mark.parametrize(("active", "twin"), [(True, False), (False, True), (False, False)])
def test_accounts_whose_holdings_were_not_read_are_not_compared(active: bool, twin: bool) -> None:
    with pytest.raises(ValueError, match="without what it holds"):
        plan_twin(replace(account(ONE), whole=active), replace(account(TWIN), whole=twin))


OWN = [Holding("object", "SELECT", f"{ONE}.PAY"), Holding("column", "UPDATE", f"{ONE}.PAY(NOTE)")]
OWN += [Holding("schema", "SELECT ANY TABLE", ONE)]


def test_what_is_on_objects_of_either_is_neither_given_nor_taken() -> None:
    theirs = [replace(each, on=each.on.replace(ONE, TWIN)) for each in OWN]
    assert planned([*OWN, *theirs], []) is None
    assert planned([], [*OWN, *theirs]) is None


@pytest.mark.parametrize("name", [ONE, TWIN])
def test_what_is_only_called_like_one_of_them_is_given_as_it_is(name: str) -> None:
    called_so = (Holding("audit context", "MODULE", name), Holding("quota", name, value="-1"))
    assert planned([*called_so], []) == Equalize(TWIN, grant=called_so)


def test_a_setting_is_written_over_and_never_taken() -> None:
    assert planned([], [PROFILE]) is None


NAMES = st.sampled_from(["A", "B"])
HOLDINGS = st.one_of(
    st.builds(
        Holding, st.just("role"), NAMES, option=st.booleans(), delegate=st.booleans(), default=st.booleans(),
    ),
    st.builds(
        Holding, st.just("schema"), NAMES, on=st.sampled_from(["HR", "OE", ONE, TWIN]), option=st.booleans(),
    ),
    st.builds(Holding, st.just("system"), NAMES, option=st.booleans()),
    st.builds(
        Holding, st.just("object"), st.sampled_from(["SELECT", "UPDATE"]),
        on=st.sampled_from(["HR.A", "HR.B", f"{ONE}.A", f"{TWIN}.B", "DIRECTORY SYS.A"]), option=st.booleans(),
        hierarchy=st.booleans(),
    ),
    st.builds(
        Holding, st.just("column"), st.just("UPDATE"),
        on=st.sampled_from(["HR.A(X)", "HR.A(Y)", "HR.B(X)", f"{ONE}.A(X)"]), option=st.booleans(),
    ),
    st.builds(Holding, st.just("quota"), NAMES, value=st.sampled_from(["-1", "8192"])),
    st.builds(Holding, st.just("proxy"), st.sampled_from(["A", ONE, TWIN]), value=st.sampled_from(["", "WITH ROLE A"])),
    st.builds(
        Holding, st.just("audit policy"), NAMES,
        value=st.sampled_from(["", "WHENEVER SUCCESSFUL", "WHENEVER NOT SUCCESSFUL"]),
    ),
    st.builds(Holding, st.just("audit exception"), st.sampled_from(["C", "D"])),
    st.builds(Holding, st.sampled_from(["network", "mapped group", "schema trigger"]), NAMES),
    st.builds(Holding, st.just("consumer group"), NAMES, option=st.booleans()),
    st.builds(Holding, st.just("audit context"), NAMES, on=st.just("USERENV")),
    st.builds(
        Holding, st.just("synonym"), NAMES, on=st.sampled_from(["HR.A", ".A", f"{ONE}.A", f"{TWIN}.A"]),
        value=st.sampled_from(["", "@HQ"]),
    ),
    st.builds(Holding, st.just("through"), st.sampled_from(["A", "B"]), value=st.sampled_from(["", "WITH ROLE A"])),
)  # fmt: skip
SETTINGS = st.builds(lambda value: {Holding("setting", "PROFILE", value=value)}, NAMES)


def held_by(name: str) -> st.SearchStrategy[ObservedAccount]:
    """Return accounts as the dictionary can show them: one holding of a place, and nothing on what one owns."""
    found = st.lists(HOLDINGS, max_size=12, unique_by=place).map(
        lambda each: {
            one
            for one in each
            if (one.kind == "synonym" or not f"{one.on}.".startswith(f"{name}."))
            and (one.kind, one.name) != ("proxy", name)
        }
    )
    return st.builds(lambda some, setting: account(name, *some, *setting), found, SETTINGS)


def applied(action: Equalize, twin: ObservedAccount) -> ObservedAccount:
    """Return *twin* as a database leaves it."""
    accounts = FakeAccounts()
    (profile,) = [each for each in twin.holdings if each.kind == "setting"]
    accounts.accounts[twin.name] = Account("x", profile=profile.value, holdings={*twin.holdings} - {profile})
    assert accounts.apply(action) == []
    found = accounts.observe(twin.name)
    assert found is not None
    return replace(twin, holdings=(found.holdings - {*action.excess}) | {*action.lacking})


def shown(found: ObservedAccount) -> set[Holding]:
    """Return what two equal accounts have in common: nothing on their own objects, the other's name hidden."""
    (other,) = {ONE, TWIN} - {found.name}
    seen = {found.name: "own", other: "other"}
    synonyms = {
        replace(each, on=seen.get(each.on.partition(".")[0], each.on))
        for each in found.holdings
        if each.kind == "synonym"
    }
    return synonyms | {
        replace(each, name="other") if each.kind == "proxy" and each.name in (ONE, TWIN) else each
        for each in found.holdings
        if each.kind != "synonym" and not f"{each.on}.".startswith((f"{ONE}.", f"{TWIN}."))
    }


@given(held_by(ONE), held_by(TWIN), st.booleans())
def test_the_plan_makes_accounts_equal_and_then_rests(
    one: ObservedAccount, other: ObservedAccount, swapped: bool
) -> None:
    active, twin = (other, one) if swapped else (one, other)
    action = plan_twin(active, twin)
    done = twin if action is None else applied(action, twin)
    assert shown(done) == shown(active)
    assert plan_twin(active, done) is None
    assert plan_twin(done, active) is None


@pytest.mark.parametrize(("name", "other"), [("HR_APP", "HR_APP_CLONE"), ("HR_APP_CLONE", "HR_APP"), ("A" * 122, None)])
def test_the_names_of_the_two_lead_to_each_other(name: str, other: str | None) -> None:
    assert twin_name(name) == (other or f"{name}_CLONE")
    assert twin_name(twin_name(name)) == name


def test_a_name_without_room_for_the_suffix_is_refused() -> None:
    check_twin_name(twin_name("A" * 122))
    with pytest.raises(Terminal, match=r"spec\.account: its twin would be called") as caught:
        check_twin_name(twin_name("A" * 123))
    assert caught.value.reason == "InvalidSpec"
