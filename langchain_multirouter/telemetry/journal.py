"""Journal: every event as a line of a file, from which every decision can be made again.

The calls put values into a queue; a daemon thread makes lines of them and appends them
(`bounded_file`). A full queue, a full disk or a directory that is gone costs lines, which are
counted, and never a call.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..deployment import finite
from ..errors import ConfigurationError
from ..forks import tell_when_forked
from .audience import Told
from .bounded_file import BoundedFile
from .delivery import Delivery
from .journal_lines import written
from .journal_reading import Reading, read_journal

__all__ = ["Journal", "Reading", "read_journal"]

DEFAULT_BYTES = 10_000_000
LEAST_BYTES = 10_000
DEFAULT_FILES = 5
MOST_FILES = 1000


class Journal:
    """A sink that keeps what happened in a file of bounded size: `sinks=[Journal("r.jsonl")]`.

    It holds names, numbers and causes; no prompt, no answer, no secret. Only its owner may read the
    files. Several routers, and several processes, may share a path. `read_journal(path)` reads it.

    Args:
        path: The newest file; `path.1` is the one before, and so on.
        most_bytes: The size of each file.
        files: How many are kept, the newest included.

    Raises:
        ConfigurationError: naming the argument that is wrong.
    """

    travels = True  # in a router's pickle

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        most_bytes: int = DEFAULT_BYTES,
        files: int = DEFAULT_FILES,
    ) -> None:
        if not isinstance(path, str | os.PathLike) or not str(path) or "\0" in str(path):
            raise ConfigurationError("path: must be a file's path")
        _whole("most_bytes", most_bytes, least=LEAST_BYTES)
        _whole("files", files, least=1, most=MOST_FILES)
        self.path = Path(path).expanduser().absolute()
        if self.path.is_dir():
            raise ConfigurationError("path: is a directory; give a file's path")
        self.most_bytes, self.files = most_bytes, files
        self.lost = 0  # lines that could not be written
        self._file = BoundedFile(self.path, most_bytes=most_bytes, files=files)
        self.delivery = Delivery("journal", self._deliver)
        self.take = self.delivery.take
        tell_when_forked(self)

    def __repr__(self) -> str:
        return f"Journal({str(self.path)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Its settings; in another process it is another writer of the same file."""
        return _made_anew, (str(self.path), self.most_bytes, self.files)

    def __deepcopy__(self, memo: dict[int, Any]) -> Journal:
        """Copies of a router share their sinks."""
        return self

    @property
    def dropped(self) -> int:
        """What came while too much waited: a call's events are two such entries, or more."""
        return self.delivery.dropped

    def forked(self) -> None:
        """A descriptor of this process' own: a lock would be shared with the parent's."""
        self._file.close()

    def flush(self, timeout_seconds: float = 5.0) -> bool:
        """Wait until all that happened is in the file; whether it is."""
        return self.delivery.flush(timeout_seconds)

    def close(self) -> None:
        """Write what waits, and no more from now on."""
        self.delivery.close()
        self._file.close()

    def _deliver(self, batch: Sequence[Told]) -> None:
        lines = []
        for told in batch:
            for event in told.events():
                try:
                    lines.append(written(told.at, told.router.id, event))
                except (TypeError, ValueError):  # a number that is none, of the user's strategy
                    self.lost += 1
        try:
            self.lost += self._file.append(lines)
        except OSError as error:
            self.lost += len(lines)
            self._file.close()
            self.delivery.trouble(error)


def _made_anew(path: str, most_bytes: int, files: int) -> Journal:
    return Journal(path, most_bytes=most_bytes, files=files)


def _whole(name: str, value: Any, *, least: int, most: int | None = None) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigurationError(f"{name}: must be a whole number")
    finite(name, value, least=least)
    if most is not None and value > most:
        raise ConfigurationError(f"{name}: must be at most {most}")
