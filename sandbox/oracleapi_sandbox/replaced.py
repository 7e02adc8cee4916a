"""What a user has in place of parts of the sandbox: a real AWS account, a database, an ORDS."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Replaced:
    """Addresses of the user's own. A database of one's own needs an ORDS of one's own: both read one dictionary."""

    aws_endpoint: str | None = None
    oracle_dsn: str | None = None
    ords_url: str | None = None

    @property
    def parts(self) -> dict[str, str]:
        """The parts that are not started, each with what stands for it."""
        found = {"aws": self.aws_endpoint, "oracle": self.oracle_dsn}
        return {part: address for part, address in found.items() if address is not None}

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead to what the user has; its credentials are the user's own."""
        found = {"AWS_ENDPOINT_URL": self.aws_endpoint, "ORACLE_DSN": self.oracle_dsn, "ORDS_URL": self.ords_url}
        return {name: value for name, value in found.items() if value is not None}
