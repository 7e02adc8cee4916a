"""Accounts as the operator reads, equalizes and uses them; the double, or a real database, judges each statement."""

import traceback

import oracledb
import pytest

from oracleapi.adapters.oracle.accounts import SEEN
from oracleapi.adapters.oracle.database import OracleDatabase
from oracleapi.adapters.oracle.logins import OracleLogins
from oracleapi.api.oracledatabase import Connection
from oracleapi.errors import OperatorError, Terminal
from oracleapi.model.account import CreateTwin, EndRollover, Equalize, Holding, ObservedAccount, SetPassword
from oracleapi.plan.account import plan_twin
from support.accounts import NEW, NEWER, OLD, POWERS, READING, Dba, Open

WEAK = "onlyletters"


def seen(database: OracleDatabase, name: str) -> ObservedAccount:
    found = database.observe_account(name)
    assert found is not None
    return found


def texts(error: BaseException | None) -> str:
    """Return all that a log could show of an error."""
    assert error is not None
    return "".join(traceback.format_exception(error)) + repr(error) + repr(error.__cause__) + repr(error.__context__)


def rich(dba: Dba) -> tuple[str, frozenset[Holding]]:
    """Make an account that holds something of each kind; returns its name and what it holds but for settings."""
    base, extra, admin, code = (dba.name("role") for _ in range(4))
    owner, client = dba.name("user", "no authentication quota unlimited on users"), dba.user()
    middle = dba.user()
    account = dba.user("quota 8M on users")
    dba.run(
        f"create table {owner}.pay (id number, amount number)",
        f'create table {owner}."mixed Case" (id number)',
        f"grant create session to {account}",
        f"grant create view to {account} with admin option",
        f"grant {base}, {extra} to {account}",
        f"grant {admin} to {account} with admin option",
        f"grant {code} to {account} with delegate option",
        f"grant select on {owner}.pay to {account} with grant option",
        f"grant update (amount) on {owner}.pay to {account}",
        f'grant select on {owner}."mixed Case" to {account} with hierarchy option',
        f"alter user {account} default role {base}",
        f"grant {base} to {client}",
        f"alter user {client} grant connect through {account} with role {base}",
        f"alter user {account} grant connect through {middle} with role all except {extra}",
        f"create synonym {account}.wages for {owner}.pay",
        f'create synonym {account}."odd Name" for {owner}."mixed Case"',
    )
    schema = on_schema(dba, owner, account)
    return account, frozenset(
        (
            Holding("system", "CREATE SESSION"),
            Holding("system", "CREATE VIEW", option=True),
            Holding("role", base, default=True),
            Holding("role", extra),
            Holding("role", admin, option=True),
            Holding("object", "SELECT", f"{owner}.PAY", option=True),
            Holding("role", code, delegate=True),
            Holding("object", "SELECT", f"{owner}.mixed Case", hierarchy=True),
            Holding("column", "UPDATE", f"{owner}.PAY(AMOUNT)"),
            Holding("quota", "USERS", value=str(8 * 2**20)),
            Holding("proxy", client, value=f"WITH ROLE {base}"),
            Holding("through", middle, value=f"WITH ROLE ALL EXCEPT {extra}"),
            Holding("synonym", "WAGES", f"{owner}.PAY"),
            Holding("synonym", "odd Name", f"{owner}.mixed Case"),
            *schema,
        )
    )


def on_schema(dba: Dba, owner: str, account: str) -> tuple[Holding, ...]:
    """Give privileges on a schema, where the release has such."""
    if not dba.has_schema_privileges:
        return ()
    dba.run(
        f"grant read any table on schema {owner} to {account}",
        f"grant select any sequence on schema {owner} to {account} with admin option",
    )
    return (
        Holding("schema", "READ ANY TABLE", owner),
        Holding("schema", "SELECT ANY SEQUENCE", owner, option=True),
    )


def without_settings(account: ObservedAccount) -> frozenset[Holding]:
    return frozenset(each for each in account.holdings if each.kind != "setting")


def test_an_account_is_seen_with_all_that_it_holds(dba: Dba, operator: Open) -> None:
    database = operator(*POWERS)
    account, held = rich(dba)
    found = seen(database, account)
    assert without_settings(found) == held
    assert {each.name: each.value for each in found.holdings if each.kind == "setting"} == {
        "PROFILE": "DEFAULT", "DEFAULT TABLESPACE": "USERS", "TEMPORARY TABLESPACE": "TEMP"
    }  # fmt: skip
    assert (found.status, found.profile) == ("OPEN", "DEFAULT")
    assert (found.maintained, found.operator, found.runtime) == (False, False, False)
    assert (found.in_rollover, found.rolls_over) == (False, False)
    assert found.changed
    assert (found.authentication, found.common) == ("PASSWORD", False)
    assert seen(database, dba.name("user", "no authentication")).authentication == "NONE"
    assert database.observe_account("OA_CONTRACT_NOBODY") is None


def test_limits_are_those_of_the_profile_and_default_s_where_it_says_default(dba: Dba, operator: Open) -> None:
    database = operator(*POWERS)
    profile = dba.name("profile", "limit password_rollover_time 1 failed_login_attempts 3")
    found = seen(database, dba.user(f"profile {profile}"))
    default = seen(database, dba.user())
    assert (found.profile, found.rolls_over, found.limits["FAILED_LOGIN_ATTEMPTS"]) == (profile, True, "3")
    assert found.limits["PASSWORD_GRACE_TIME"] == default.limits["PASSWORD_GRACE_TIME"] != "DEFAULT"


def test_accounts_that_are_oracle_s_the_operator_s_or_ords_s_are_told(dba: Dba, operator: Open) -> None:
    database = operator(*POWERS)
    assert seen(database, "SYS").maintained
    runtime, between = dba.user(), dba.name("role")
    dba.run(f"grant ords_runtime_role to {between}", f"grant {between} to {runtime}")
    assert seen(database, runtime).runtime
    with database._session("asking who it is") as connection:
        (name,) = connection.cursor().execute("select user from dual").fetchone()
    assert seen(database, name).operator


def test_what_an_account_owns_is_told_one_of_each_type(dba: Dba, operator: Open) -> None:
    database, name, other = operator(*POWERS), dba.user("quota unlimited on users"), dba.user()
    dba.run(
        f"create table {name}.pay (id number primary key, amount number)",
        f"create table {name}.audits (id number)",
        f"create view {name}.rich as select id from {name}.pay",  # noqa: S608 - names of our own
        f"create synonym {name}.wages for {name}.pay",
        f"create synonym {other}.wages for {name}.pay",
    )
    owned = seen(database, name).owned
    assert owned[:2] == ("TABLE AUDITS", "VIEW RICH")
    assert [each.partition(" ")[0] for each in owned[2:]] == ["INDEX"]
    assert seen(database, other).owned == ()


def test_what_is_not_whole_takes_three_views(dba: Dba, operator: Open) -> None:
    database = operator(*(right.lower() for right in SEEN))
    found = database.observe_account(rich(dba)[0], whole=False)
    assert found is not None
    assert (found.status, found.profile, found.limits["PASSWORD_ROLLOVER_TIME"]) == ("OPEN", "DEFAULT", "0")
    assert (found.whole, found.holdings, found.owned) == (False, frozenset(), ())
    with pytest.raises(ValueError, match="is like no other"):
        plan_twin(found, found)


def test_a_view_that_may_not_be_read_is_named(dba: Dba, operator: Open) -> None:
    database = operator("select on sys.dba_users", "select on sys.dba_profiles", "select on sys.dba_role_privs")
    last = r"SYS\.DBA_SCHEMA_PRIVS" if dba.has_schema_privileges else "AUDIT_UNIFIED_CONTEXTS"
    with pytest.raises(Terminal, match=rf"lacks SELECT on SYS\.DBA_SYS_PRIVS, .*SELECT on {last}; grant it") as caught:
        database.observe_account(dba.user())
    assert caught.value.reason == "PrivilegesMissing"
    assert "DBA_PROFILES" not in caught.value.message


def test_a_twin_gets_all_that_an_account_holds(dba: Dba, operator: Open, logins: OracleLogins) -> None:
    database = operator(*POWERS)
    account, held = rich(dba)
    twin, settings = dba.twin_of(account), [each for each in seen(database, account).holdings if each.kind == "setting"]
    assert database.apply_account(CreateTwin(twin, tuple(settings), OLD)) == ()
    assert seen(database, twin).holdings == {*settings}
    with pytest.raises(Terminal, match=f"GRANT CREATE SESSION TO {twin}"):
        logins.prove(twin, OLD)
    given = Equalize(twin, grant=tuple(sorted(held)))
    for _ in range(2):
        assert database.apply_account(given) == ()
        assert without_settings(seen(database, twin)) == held
    assert logins.prove(twin, OLD) == "Works"


def test_a_planned_twin_is_equal_and_then_rests(dba: Dba, operator: Open) -> None:
    """It begins with what it should not hold, and with options that only a revoke takes."""
    database = operator(*POWERS)
    account, held = rich(dba)
    twin, (table, *_) = dba.user("quota unlimited on users"), sorted(each.on for each in held if each.kind == "column")
    whole, extra, profile = table.partition("(")[0], dba.name("role"), dba.name("profile", "limit idle_time 5")
    dba.run(
        f"grant create session, create table to {twin} with admin option",
        f"grant {extra} to {twin}",
        f"grant select, update, delete on {whole} to {twin} with grant option",
        f"grant update (id) on {whole} to {twin}",
        f"alter user {twin} default role none",
        f"alter user {account} profile {profile}",
        f"alter user {account} grant connect through {twin} with no roles",
        f"alter user {twin} grant connect through {dba.user()}",
        f"alter user {twin} grant connect through {account}",
        f"create synonym {twin}.wages for {twin}.nothing",
        f"create synonym {twin}.surplus for {whole}",
    )
    plan = plan_twin(seen(database, account), seen(database, twin))
    assert plan is not None
    assert {each.name for each in plan.revoke if each.kind == "object"} == {"UPDATE", "DELETE"}
    assert database.apply_account(plan) == ()
    assert plan_twin(seen(database, account), seen(database, twin)) is None
    mirrored = {Holding("proxy", account), Holding("through", account), *held}
    assert without_settings(seen(database, twin)) == mirrored
    assert seen(database, twin).profile == profile
    assert plan_twin(seen(database, twin), seen(database, account)) is None


def test_a_twin_finds_what_the_other_finds(dba: Dba, operator: Open, where: tuple[Connection, str, str]) -> None:
    database, place = operator(*POWERS), where[0]
    account, _ = rich(dba)
    twin = dba.user()
    plan = plan_twin(seen(database, account), seen(database, twin))
    assert plan is not None
    assert database.apply_account(plan) == ()
    for name in (account, twin):
        with oracledb.connect(
            user=name, password=OLD, host=place.host, port=place.port, service_name=place.service_name
        ) as session:
            assert session.cursor().execute("select count(*) from wages").fetchall() == [(0,)]
            assert session.cursor().execute('select count(*) from "odd Name"').fetchall() == [(0,)]


def test_an_audited_account_s_twin_is_audited_and_exceptions_are_left_to_a_dba(dba: Dba, operator: Open) -> None:
    database = operator(*POWERS)
    account, twin, other = dba.user(), dba.user(), dba.user()
    everything, luck, but, more = (dba.audit_policy("create table") for _ in range(4))
    dba.run(
        f"audit policy {everything} by {account}",
        f"audit policy {luck} by {account} whenever successful",
        f"audit policy {but} except {account}",
        f"audit policy {more} by {twin}",
        f"audit context namespace userenv attributes module by {account}",
    )
    dba.in_the_end(f"noaudit context namespace userenv attributes module by {account}, {twin}")
    audits = {Holding("audit policy", everything), Holding("audit policy", luck, value="WHENEVER SUCCESSFUL")}
    context = Holding("audit context", "MODULE", "USERENV")
    found = {each for each in seen(database, account).holdings if each.kind.startswith("audit")}
    assert found == {*audits, context, Holding("audit exception", but)}
    plan = plan_twin(seen(database, account), seen(database, twin))
    assert plan is not None
    assert plan.grant == (context, *sorted(audits))
    assert database.apply_account(plan) == ()
    left = Equalize(twin, lacking=(Holding("audit exception", but),), excess=(Holding("audit policy", more),))
    assert plan_twin(seen(database, account), seen(database, twin)) == left
    dba.run(f"audit policy {but} except {account}, {twin}, {other}", f"noaudit policy {more} by {twin}")
    assert plan_twin(seen(database, account), seen(database, twin)) is None
    dba.run(f"audit policy {but} except {other}")
    assert plan_twin(seen(database, account), seen(database, twin)) is None, "the last list counts alone"


def test_access_to_the_network_and_consumer_groups_are_left_to_a_dba(dba: Dba, operator: Open) -> None:
    database = operator(*POWERS)
    account, twin = dba.user(), dba.user()
    host, wallet = (f"{account.lower()}_{kind}.xml" for kind in ("host", "wallet"))
    give = (
        f"begin dbms_network_acl_admin.add_privilege('{host}', '{twin}', true, 'connect');"
        f" dbms_network_acl_admin.add_privilege('{wallet}', '{twin}', true, 'use-client-certificates'); commit; end;"
    )
    group = (
        "begin dbms_resource_manager_privs.grant_switch_consumer_group('{user}', 'LOW_GROUP', false); commit;"
        " dbms_resource_manager.create_pending_area;"
        " dbms_resource_manager.set_consumer_group_mapping(dbms_resource_manager.oracle_user, '{user}', {to});"
        " dbms_resource_manager.submit_pending_area; commit; end;"
    )
    dba.in_the_end(
        f"begin dbms_network_acl_admin.drop_acl('{host}'); dbms_network_acl_admin.drop_acl('{wallet}'); commit; end;"
    )
    dba.run(
        f"begin dbms_network_acl_admin.create_acl('{host}', 'contract', '{account}', true, 'connect');"
        f" dbms_network_acl_admin.assign_acl('{host}', 'oa-contract.example.org', 443, 443); commit; end;",
        f"begin dbms_network_acl_admin.create_acl('{wallet}', 'x', '{account}', true, 'use-client-certificates');"
        f" dbms_network_acl_admin.assign_wallet_acl('{wallet}', 'file:/oa-contract'); commit; end;",
        group.format(user=account, to="'LOW_GROUP'"),
    )
    dba.in_the_end(group.format(user=account, to="null"))
    left = (
        Holding("consumer group", "LOW_GROUP"),
        Holding("mapped group", "LOW_GROUP"),
        Holding("network", "CONNECT", "host oa-contract.example.org:443-443"),
        Holding("network", "USE_CLIENT_CERTIFICATES", "wallet file:/oa-contract"),
    )
    assert {*left} <= seen(database, account).holdings
    assert plan_twin(seen(database, account), seen(database, twin)) == Equalize(twin, lacking=left)
    dba.run(give, group.format(user=twin, to="'LOW_GROUP'"))
    dba.in_the_end(group.format(user=twin, to="null"))
    assert plan_twin(seen(database, account), seen(database, twin)) is None


def test_an_audit_takes_the_right_to_audit(dba: Dba, operator: Open) -> None:
    database, account, twin = operator(*READING), dba.user(), dba.user()
    policy = dba.audit_policy("create table")
    dba.run(f"audit policy {policy} by {account}")
    plan = plan_twin(seen(database, account), seen(database, twin))
    assert plan is not None
    assert [(each.holding.name, each.code) for each in database.apply_account(plan)] == [(policy, "ORA-01031")]


def test_what_is_taken_is_gone_and_taking_it_again_harms_nothing(dba: Dba, operator: Open) -> None:
    database = operator(*POWERS)
    account, held = rich(dba)
    whole = (Holding("object", "UPDATE", each.on.partition("(")[0]) for each in held if each.kind == "column")
    taken = Equalize(account, revoke=(*sorted(each for each in held if each.kind != "column"), *whole))
    assert database.apply_account(taken) == ()
    assert without_settings(seen(database, account)) == frozenset()
    again = {(each.holding.kind, each.code) for each in database.apply_account(taken)}
    assert again == {
        ("object", "ORA-01927"),
        ("proxy", "ORA-28154"),
        ("through", "ORA-28154"),
        ("synonym", "ORA-01434"),
    }


def test_one_refused_holding_holds_up_no_other(dba: Dba, operator: Open) -> None:
    rights = [right for right in POWERS if not right.startswith("create user")]
    database = operator(*rights, "alter user, grant any object privilege, grant any privilege")
    _, held = rich(dba)
    twin = dba.user()
    refused = database.apply_account(Equalize(twin, grant=tuple(sorted(held))))
    kinds = {"role", "schema"} if dba.has_schema_privileges else {"role"}
    assert {each.holding.kind for each in refused} == kinds
    assert {each.code for each in refused} <= {"ORA-01932", "ORA-01031"}
    assert without_settings(seen(database, twin)) == {each for each in held if each.kind not in kinds}


def test_settings_and_default_roles_follow(dba: Dba, operator: Open) -> None:
    database = operator(*POWERS)
    one, other = dba.name("role"), dba.name("role")
    account, profile = dba.user(), dba.name("profile", "limit failed_login_attempts 5")
    dba.run(f"grant {one}, {other} to {account}")
    wanted = (Holding("setting", "PROFILE", value=profile), Holding("role", one, default=False))
    assert database.apply_account(Equalize(account, grant=wanted)) == ()
    found = seen(database, account)
    assert found.profile == profile
    assert {*wanted, Holding("role", other, default=True)} <= found.holdings
    assert database.apply_account(Equalize(account, grant=(Holding("role", one, default=True),))) == ()
    assert Holding("role", one, default=True) in seen(database, account).holdings


@pytest.mark.parametrize("action", [SetPassword("{0}", NEW), CreateTwin("{0}_CLONE", (), NEW), EndRollover("{0}")])
def test_a_right_that_the_operator_lacks_is_named(
    action: SetPassword | CreateTwin | EndRollover, dba: Dba, operator: Open
) -> None:
    name = action.name.format(dba.user())
    done = CreateTwin(name, (), NEW) if isinstance(action, CreateTwin) else type(action)(name, *action_rest(action))
    with pytest.raises(Terminal) as caught:
        operator().apply_account(done)
    right = "CREATE USER" if isinstance(action, CreateTwin) else "ALTER USER"
    assert caught.value.reason == "PrivilegesMissing"
    assert f"lacks {right}; grant it, see docs/database.md" in caught.value.message
    assert NEW not in texts(caught.value)


def action_rest(action: SetPassword | CreateTwin | EndRollover) -> tuple[str, ...]:
    return () if isinstance(action, EndRollover) else (action.password,)


def test_a_name_that_is_taken_is_not_taken_over(dba: Dba, operator: Open, logins: OracleLogins) -> None:
    taken = dba.user()
    dba.run(f"grant create session to {taken}")
    with pytest.raises(Terminal) as caught:
        operator(*POWERS).apply_account(CreateTwin(taken, (), NEW))
    assert caught.value.reason == "Conflict"
    assert (logins.prove(taken, OLD), logins.prove(taken, NEW)) == ("Works", "Denied")


def test_the_operator_sets_a_password_and_ends_the_rollover(dba: Dba, operator: Open, logins: OracleLogins) -> None:
    database = operator(*POWERS)
    account = dba.user("profile " + dba.name("profile", "limit password_rollover_time 1"))
    dba.run(f"grant create session to {account}")
    database.apply_account(SetPassword(account, NEW))
    assert (logins.prove(account, OLD), logins.prove(account, NEW)) == ("Works", "Works")
    assert seen(database, account).in_rollover
    database.apply_account(EndRollover(account))
    assert (logins.prove(account, OLD), logins.prove(account, NEW)) == ("Denied", "Works")
    assert not seen(database, account).in_rollover


def test_a_password_that_the_profile_refuses_is_told_without_it(dba: Dba, operator: Open, logins: OracleLogins) -> None:
    profile = dba.name("profile", "limit password_verify_function ora12c_strong_verify_function")
    account = dba.user(f"profile {profile}")
    dba.run(f"grant create session to {account}")
    assert logins.change(account, OLD, "short") == "Unsuitable"
    with pytest.raises(Terminal) as caught:
        operator(*POWERS).apply_account(SetPassword(account, WEAK))
    assert caught.value.reason == "PasswordRefused"
    assert "spec.password.length" in caught.value.message
    assert WEAK not in texts(caught.value)
    assert logins.prove(account, OLD) == "Works"


def test_an_account_proves_and_changes_its_password(dba: Dba, logins: OracleLogins) -> None:
    account = dba.user()
    dba.run(f"grant create session to {account}")
    assert (logins.prove(account, OLD), logins.prove(account, NEW)) == ("Works", "Denied")
    assert logins.change(account, NEW, NEWER) == "Denied"
    assert logins.change(account, OLD, NEW) == "Changed"
    assert (logins.prove(account, OLD), logins.prove(account, NEW)) == ("Denied", "Works")
    assert logins.prove("OA_CONTRACT_NOBODY", OLD) == "Denied"


def test_an_expired_password_is_right_and_can_be_changed(dba: Dba, logins: OracleLogins) -> None:
    account = dba.user()
    dba.run(f"grant create session to {account}", f"alter user {account} password expire")
    assert (logins.prove(account, OLD), logins.prove(account, NEW)) == ("Expired", "Denied")
    assert logins.change(account, NEW, NEWER) == "Denied"
    assert logins.change(account, OLD, NEW) == "Changed"
    assert (logins.prove(account, NEW), logins.prove(account, OLD)) == ("Works", "Denied")


def test_a_wrong_password_counts_once(dba: Dba, logins: OracleLogins) -> None:
    account = dba.user("profile " + dba.name("profile", "limit failed_login_attempts 3"))
    dba.run(f"grant create session to {account}")
    for _ in range(2):
        assert (logins.prove(account, NEW), logins.change(account, NEW, NEWER)) == ("Denied", "Denied")
        assert logins.prove(account, OLD) == "Works"
    assert [logins.prove(account, NEW) for _ in range(3)] == ["Denied"] * 3
    with pytest.raises(Terminal, match="ACCOUNT UNLOCK"):
        logins.prove(account, OLD)


def test_a_locked_account_is_told(dba: Dba, logins: OracleLogins) -> None:
    account = dba.user("account lock")
    dba.run(f"grant create session to {account}")
    for ask in (lambda: logins.prove(account, OLD), lambda: logins.change(account, OLD, NEW)):
        with pytest.raises(Terminal, match=f"ALTER USER {account} ACCOUNT UNLOCK") as caught:
            ask()
        assert caught.value.reason == "AccountLocked"
        assert NEW not in texts(caught.value)
        assert OLD not in texts(caught.value)


def test_an_account_without_create_session_is_told(dba: Dba, logins: OracleLogins) -> None:
    account = dba.user()
    with pytest.raises(Terminal, match=f"GRANT CREATE SESSION TO {account}") as caught:
        logins.prove(account, OLD)
    assert caught.value.reason == "PrivilegesMissing"


def test_an_account_ends_its_own_rollover_or_says_that_it_may_not(dba: Dba, logins: OracleLogins) -> None:
    account = dba.user("profile " + dba.name("profile", "limit password_rollover_time 1"))
    dba.run(f"grant create session to {account}")
    assert logins.change(account, OLD, NEW) == "Changed"
    assert (logins.prove(account, OLD), logins.prove(account, NEW)) == ("Works", "Works")
    ended = logins.end_rollover(account, NEW)
    assert logins.prove(account, OLD) == ("Denied" if ended else "Works")
    with pytest.raises(OperatorError) as caught:
        logins.end_rollover(account, NEWER)
    assert caught.value.reason == "LoginDenied"
