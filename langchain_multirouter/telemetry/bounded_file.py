"""Bounded file: lines at the end of a file that is put aside when it is full, a few times over.

`path` is the newest, `path.1` the one before, and so on. Processes may share a path: lines are
appended whole, and who finds the file full puts it aside under a lock. Nothing is ever synced to
the disk: a line is worth less than a wait.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from contextlib import suppress
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
            descriptor, size = self._opened()
            if size and size + len(fitting[start]) > self._most:
                self._put_aside(descriptor)
                continue
            end = start
            while end < len(fitting) and size + len(fitting[end]) <= self._most:
                size += len(fitting[end])
                end += 1
            self._write(descriptor, b"".join(fitting[start:end]))
            start = end
        return len(lines) - len(fitting)

    def close(self) -> None:
        """Give the file back; the next line opens it again."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _opened(self) -> tuple[int, int]:
        """The newest file and its size: opened anew where it was put aside, or is gone."""
        if self._descriptor is not None:
            mine = os.fstat(self._descriptor)
            try:
                there = os.stat(self.path, follow_symlinks=False)
            except FileNotFoundError:
                there = None
            if there is not None and (there.st_dev, there.st_ino) == (mine.st_dev, mine.st_ino):
                return self._descriptor, there.st_size
            self.close()
        return self._open()

    def _open(self) -> tuple[int, int]:
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
        return descriptor, known.st_size

    def _write(self, descriptor: int, data: bytes) -> None:
        if self._torn:
            data = b"\n" + data
        self._torn = True
        written = os.write(descriptor, data)
        if written < len(data):
            raise OSError("only a part could be written")
        self._torn = False

    def _put_aside(self, descriptor: int) -> None:
        """Number the files one higher, unless somebody else just did."""
        if fcntl is not None:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            if self._opened()[0] != descriptor:
                return
            if os.name == "nt":
                self.close()  # what is open cannot be renamed there
            for number in range(self._files - 1, 0, -1):
                older = numbered(self.path, number)
                newer = numbered(self.path, number - 1)
                if newer.exists():
                    os.replace(newer, older)
            if self._files == 1:
                os.unlink(self.path)
        finally:
            self.close()  # and with it the lock


def numbered(path: Path, number: int) -> Path:
    """The file that was put aside so many times ago; 0 is the newest."""
    return path.with_name(f"{path.name}.{number}") if number else path
