"""Switches of Secrets Manager with what is known about them; tags as in :mod:`oracleapi_sandbox.aws.settings`."""

import dataclasses
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oracleapi_sandbox.aws.settings import coerce


@dataclass
class SecretSettings:
    """A section of the settings page.

    ``secret_force_delete_seconds``: how long a secret that was deleted without recovery still holds its name; until
    then it is as if it were scheduled for deletion. That it takes a while is [D], how long was seen: less than 10 s.
    ``secret_lag_ms``: reads show a secret as it was so long ago, and none that is younger. Every operation is
    eventually consistent [D: ListSecrets]; for how long is [U].
    ``pending_leaves_with_current``: UpdateSecretVersionStage takes AWSPENDING from the version that AWSCURRENT leaves.
    PutSecretValue was seen to do so on a real account; this call is [U].
    ``max_secrets`` of a Region [U], ``max_secret_versions`` [D], ``max_secret_labels`` over all versions [D].
    """

    secret_force_delete_seconds: float = 1.0
    secret_lag_ms: float = 0.0
    pending_leaves_with_current: bool = True
    max_secrets: int = 500_000
    max_secret_versions: int = 100
    max_secret_labels: int = 20

    def update(self, values: Mapping[str, Any]) -> None:
        """Set switches by name, all or none.

        Raises:
            SettingError: A value of the wrong type; the text names it.
        """
        hints = typing.get_type_hints(type(self))
        for name, value in {name: coerce(name, value, hints[name]) for name, value in values.items()}.items():
            setattr(self, name, value)

    def as_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)
