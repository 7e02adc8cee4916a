"""The key ring keeps what it publishes, and keeps its secrets to itself."""

import stat
from pathlib import Path

from oracleapi_sandbox.oidc.keys import KeyRing


def test_a_ring_made_again_on_the_same_folder_has_the_same_keys(tmp_path: Path) -> None:
    first = KeyRing(tmp_path)
    first.rotate()
    first.publish_ec()
    second = KeyRing(tmp_path)
    assert second.jwks() == first.jwks()
    assert second.signing.kid == first.signing.kid
    assert second.other.kid == first.other.kid


def test_a_short_key_is_made_and_read_again(tmp_path: Path) -> None:
    KeyRing(tmp_path).rotate(1024, drop_old=True)
    (key,) = KeyRing(tmp_path).jwks()["keys"]
    assert len(key["n"]) < 200


def test_the_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path)
    ring.rotate()
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600
    assert all("d" not in key for key in ring.jwks()["keys"])
