"""The kill switch: a file whose mere being there freezes every account, whoever made it and whatever it holds."""

from pathlib import Path

from bot.core.values import record


@record
class FileSwitch:
    """A kill switch that is pulled by making a file, and let go by removing it; one without a path never is.

    A place that cannot be looked at counts as pulled: nobody can tell that it is not.
    """

    path: Path | None

    def pulled(self) -> str:
        """Say where it is pulled, or nothing. A link counts whatever it leads to."""
        if self.path is None:
            return ""
        try:
            self.path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return ""
        except OSError as error:
            return f"the file {self.path} cannot be looked for ({error.strerror}), and counts as being there"
        return f"the file {self.path} exists"


NO_SWITCH = FileSwitch(path=None)
"""A switch that is never pulled."""
