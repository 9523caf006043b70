"""Bounded file: lines at the end of a file that is put aside when it is full, a few times over.

`path` is the newest, `path.1` the one before, and so on. Processes may share a path: lines are
appended whole, and a full file is put aside, under a lock where the file system has them. Nothing
is ever synced to the disk: a line is worth less than a wait.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT
for _name in ("O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK"):
    _FLAGS |= getattr(os, _name, 0)
#: For the owner alone.
_MODE = 0o600


class BoundedFile:
    """A file that stays below a size, and its predecessors; used by one thread at a time.

    Args:
        path: The newest file's; its directory is made, also when it disappears later.
        most_bytes: The size of each file.
        files: How many there may be, the newest included.
    """

    def __init__(self, path: Path, *, most_bytes: int, files: int) -> None:
        self.path = path
        self._most = most_bytes
        self._files = files
        self._descriptor: int | None = None
        self._torn = False  # the file ends within a line

    def append(self, lines: Sequence[bytes]) -> int:
        """Add lines, each with its newline; how many are lost, being longer than a file may be.

        Raises:
            OSError: they could not all be written; a later call begins on a line of its own.
        """
        fitting = [line for line in lines if len(line) <= self._most]
        start = 0
        while start < len(fitting):
            descriptor = self._opened()
            with _locked(descriptor):
                mine = os.fstat(descriptor)
                if self._is_newest(mine):
                    start = self._fill(descriptor, fitting, start, mine.st_size)
        return len(lines) - len(fitting)

    def _fill(self, descriptor: int, lines: Sequence[bytes], start: int, size: int) -> int:
        """Add as many lines as there is room for; where the next one begins."""
        end = start
        while end < len(lines) and size + len(lines[end]) <= self._most:
            size += len(lines[end])
            end += 1
        if end == start:
            self._put_aside()
        else:
            self._write(descriptor, b"".join(lines[start:end]))
        return end

    def close(self) -> None:
        """Give the file back; the next line opens it again."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _opened(self) -> int:
        """The newest file: opened anew where it was put aside, or is gone."""
        if self._descriptor is not None:
            if self._is_newest(os.fstat(self._descriptor)):
                return self._descriptor
            self.close()
        return self._open()

    def _is_newest(self, mine: os.stat_result) -> bool:
        """Whether the path still leads to the file that is open; its number may be used again."""
        try:
            there = os.stat(self.path, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return (there.st_dev, there.st_ino) == (mine.st_dev, mine.st_ino)

    def _open(self) -> int:
        try:
            descriptor = os.open(self.path, _FLAGS, _MODE)
        except FileNotFoundError:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, _FLAGS, _MODE)
        self._descriptor = descriptor
        known = os.fstat(descriptor)
        if not stat.S_ISREG(known.st_mode):
            self.close()
            raise OSError("it is no file")
        if known.st_mode & 0o077 and hasattr(os, "fchmod"):
            os.fchmod(descriptor, _MODE)
        self._torn = False
        if known.st_size:
            os.lseek(descriptor, -1, os.SEEK_END)
            self._torn = os.read(descriptor, 1) != b"\n"
        return descriptor

    def _write(self, descriptor: int, data: bytes) -> None:
        if self._torn:
            data = b"\n" + data
        self._torn = True
        written = os.write(descriptor, data)
        if written < len(data):
            raise OSError("only a part could be written")
        self._torn = False

    def _put_aside(self) -> None:
        """Number the files one higher; the newest is not there any more then."""
        if os.name == "nt":
            self.close()  # what is open cannot be renamed there
        for number in range(self._files - 1, 0, -1):
            newer = numbered(self.path, number - 1)
            if newer.exists():
                os.replace(newer, numbered(self.path, number))
        if self._files == 1:
            os.unlink(self.path)


@contextmanager
def _locked(descriptor: int) -> Iterator[None]:
    """Against other writers of the file; nothing where the file system has no locks."""
    with suppress(OSError, AttributeError):
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        with suppress(OSError, AttributeError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)


def numbered(path: Path, number: int) -> Path:
    """The file that was put aside so many times ago; 0 is the newest."""
    return path.with_name(f"{path.name}.{number}") if number else path
