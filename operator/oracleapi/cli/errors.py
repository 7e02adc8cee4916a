"""What ends a command: one sentence that names the cure, and an exit code. docs/cli.md lists the codes."""

FOUND, USAGE, UNABLE = 1, 2, 3


class CliError(Exception):
    """A command cannot go on.

    Args:
        message: What is wrong and what helps, one line.
        code: Exit code.
    """

    def __init__(self, message: str, code: int = UNABLE) -> None:
        super().__init__(message)
        self.message, self.code = message, code
