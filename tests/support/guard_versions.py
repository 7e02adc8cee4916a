"""A second version of what decides: the first one's text under another name, whose refusals say that it was asked."""

from collections.abc import Callable

import pytest

from oracleapi.adapters.oracle import guard_install

MARK = "v2 "
"""What stands before the route's name in the answers of the second version."""
_ACTION = "p_action := SUBSTRB(v_route.name, 1, 32);"


def offer_second_version(patch: pytest.MonkeyPatch, change: Callable[[str], str] = lambda text: text) -> None:
    """Let the files hold DECISION_V2, too; *change* makes its body another one."""
    original = guard_install.texts

    def texts(name: str) -> list[str]:
        if not name.startswith("decision_v2."):
            return original(name)
        (text,) = original(name.replace("_v2.", "_v1."))
        assert name.endswith(".pks.sql") or _ACTION in text
        marked = text.replace("decision_v1", "decision_v2").replace(_ACTION, _ACTION.replace("(v", f"('{MARK}' || v"))
        return [change(marked) if name.endswith(".pkb.sql") else marked]

    patch.setattr(guard_install, "texts", texts)
