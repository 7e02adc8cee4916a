"""What administrators give to accounts by packages, and what the dictionary shows of it."""

from typing import Any

import pytest

HOSTS = (
    "select host, lower_port, upper_port, grant_type, privilege from dba_host_aces where principal = :u order by 1, 5"
)
MAPPED = "select consumer_group, status from dba_rsrc_group_mappings where attribute = 'ORACLE_USER' and value = :u"
CREATE = (
    "begin dbms_network_acl_admin.create_acl(acl => '{a}', description => 'x', principal => '{u}', is_grant => true,"
    " privilege => 'connect'); end;"
)


def acl(text: str, **names: str) -> str:
    return f"begin dbms_network_acl_admin.{text.format(**names)}; end;"


def test_hosts_and_wallets(system: Any, sql: Any, new_user: Any) -> None:
    user, name = new_user(), "first.xml"
    for text in (
        "create_acl('{a}', 'x', '{u}', true, 'connect')",
        "add_privilege(acl => '{a}', principal => '{u}', is_grant => false, privilege => 'resolve',"
        " end_date => timestamp '2030-01-01 00:00:00')",
        "assign_acl('{a}', 'API.example.org', 443, 444)",
        "assign_acl('{a}', '*.example.net')",
        "assign_wallet_acl('{a}', 'file:/wallets/one')",
    ):
        system.execute(acl(text, a=name, u=user))
    assert sql.rows(system, HOSTS, u=user) == [
        ("*.example.net", None, None, "GRANT", "CONNECT"),
        ("*.example.net", None, None, "DENY", "RESOLVE"),
        ("api.example.org", 443, 444, "GRANT", "CONNECT"),
        ("api.example.org", 443, 444, "DENY", "RESOLVE"),
    ]
    wallets = "select wallet_path, ace_order, privilege, end_date from dba_wallet_aces where principal = :u order by 2"
    ((_, _, _, never), (*second, ends)) = sql.rows(system, wallets, u=user)
    assert (never, second, ends.year) == (None, ["file:/wallets/one", 2, "RESOLVE"], 2030)
    system.execute(acl("drop_acl('{a}')", a=name))
    assert sql.rows(system, HOSTS, u=user) == sql.rows(system, wallets, u=user) == []


def test_what_is_wrong_with_an_acl(system: Any, connect: Any, sql: Any, new_user: Any) -> None:
    user = new_user()
    system.execute(CREATE.format(a="wrong.xml", u=user))
    again = acl("add_privilege('{a}', '{u}', true, 'connect')", a="wrong.xml", u=user)
    assert sql.refused(system, CREATE.format(a="wrong.xml", u=user)).code == 46212
    assert sql.refused(system, again).code == 24243
    assert sql.refused(system, acl("drop_acl('nothing.xml')")).code == 46114
    assert sql.refused(system, CREATE.format(a="other.xml", u="NOBODY")).code == 1917
    session = connect(user)
    assert sql.refused(session, acl("drop_acl('wrong.xml')")).code == 6550
    session.close()
    system.execute(acl("assign_acl('wrong.xml', 'example.org')"))
    system.execute(f"drop user {user}")
    assert sql.rows(system, HOSTS, u=user) == []


@pytest.fixture
def mapped(system: Any, new_user: Any) -> str:
    """A user with a mapping that is not submitted yet."""
    user = str(new_user())
    system.execute("begin dbms_resource_manager.create_pending_area; end;")
    system.execute(
        "begin dbms_resource_manager.set_consumer_group_mapping(dbms_resource_manager.oracle_user,"
        f" '{user.lower()}', 'low_group'); end;"
    )
    return user


def test_a_mapping_counts_once_it_is_submitted(system: Any, sql: Any, mapped: str) -> None:
    assert sql.rows(system, MAPPED, u=mapped) == [("LOW_GROUP", "PENDING")]
    assert sql.refused(system, "begin dbms_resource_manager.create_pending_area; end;").code == 29370
    system.execute("begin dbms_resource_manager.submit_pending_area; end;")
    assert sql.rows(system, MAPPED, u=mapped) == [("LOW_GROUP", None)]
    change = "dbms_resource_manager.set_consumer_group_mapping('ORACLE_USER', '{}'{})"
    assert sql.refused(system, f"begin {change.format(mapped, '')}; end;").code == 29371
    for group in (", 'BATCH_GROUP'", ""):
        text = change.format(mapped, group)
        system.execute(
            f"begin dbms_resource_manager.create_pending_area; {text}; dbms_resource_manager.submit_pending_area; end;"
        )
    assert sql.rows(system, MAPPED, u=mapped) == []


def test_a_pending_area_is_cleared(system: Any, sql: Any, mapped: str) -> None:
    system.execute("begin dbms_resource_manager.clear_pending_area; end;")
    assert sql.rows(system, MAPPED, u=mapped) == []
    assert sql.refused(system, "begin dbms_resource_manager.submit_pending_area; end;").code == 29371


def test_the_right_to_switch(system: Any, sql: Any, new_user: Any) -> None:
    user = new_user()
    seen = "select granted_group, grant_option, initial_group from dba_rsrc_consumer_group_privs where grantee = :u"
    grant = "begin dbms_resource_manager_privs.grant_switch_consumer_group('{}', '{}', {}); end;"
    system.execute(grant.format(user, "LOW_GROUP", "true"))
    system.execute(grant.format(user.lower(), "low_group", "false"))
    assert sql.rows(system, seen, u=user) == [("LOW_GROUP", "YES", "NO")]
    assert sql.refused(system, grant.format(user, "NO_GROUP", "false")).code == 29368
    assert sql.refused(system, grant.format("NOBODY", "LOW_GROUP", "false")).code == 1917
    system.execute(f"begin dbms_resource_manager_privs.revoke_switch_consumer_group('{user}', 'LOW_GROUP'); end;")
    assert sql.rows(system, seen, u=user) == []
