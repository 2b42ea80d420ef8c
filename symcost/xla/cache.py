"""What compilers said before, on disk: by program, target and versions.

Entries are JSON, never code. Whatever cannot be read is dropped and compiled again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
import threading
import zlib
from collections.abc import Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

FOLDER = "SYMCOST_CACHE"
"""Environment variable: where the cache lives, instead of the user's cache folder."""

FORMAT = 1
"""Of an entry; another one begins anew."""

LIMIT = 2 * 2**30
"""Bytes; the entries that were not used for longest go first."""

_FIELDS = {"counts": dict, "own": dict, "memory": dict, "hlo": str}
"""What every answer has; a note besides where it was not compiled as it would be with the chip at hand."""


class Cache:
    """A folder of answers, which several processes may use at once.

    Args:
        folder: where; the user's cache folder if None.
    """

    def __init__(self, folder: Path | None = None):
        self.folder = folder or default_folder()
        self._disk: Any = None
        self._opening = threading.Lock()

    def get(self, target: str, versions: str, module: str) -> Mapping[str, Any] | None:
        """What is known of a module on a target; None if nothing, or nothing that can be trusted."""
        try:
            text = self._open().get(_key(target, versions, module))
            found = json.loads(text) if isinstance(text, str) else None
        except (sqlite3.Error, OSError, ValueError, zlib.error):
            self.clear()
            return None
        if not isinstance(found, dict) or any(not isinstance(found.get(k), kind) for k, kind in _FIELDS.items()):
            return None
        return found

    def put(self, target: str, versions: str, module: str, found: Mapping[str, Any]) -> None:
        """Keep an answer; a disk that is full or read-only is no reason to fail."""
        text = json.dumps({name: found[name] for name in (*_FIELDS, "note") if name in found})
        try:
            self._open().set(_key(target, versions, module), text)
        except (sqlite3.Error, OSError):
            self.close()
            self._disk = None

    def close(self) -> None:
        """Close this thread's connection; the next call opens another."""
        if self._disk is not None:
            with suppress(sqlite3.Error):
                self._disk.close()

    def clear(self) -> None:
        """Forget everything."""
        self.close()
        self._disk = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def _open(self) -> Any:
        with self._opening:
            if self._disk is None:
                self._disk = self._opened()
            return self._disk

    def _opened(self) -> Any:
        from diskcache import Cache as Disk
        from diskcache import JSONDisk

        disk = Disk.__new__(Disk)
        try:
            # JSON, where diskcache's own default would unpickle what it finds
            disk.__init__(str(self.folder), disk=JSONDisk, size_limit=LIMIT, eviction_policy="least-recently-used")
        except BaseException:
            with suppress(AttributeError, sqlite3.Error):  # a file that is no database has been opened by now
                disk.close()
            raise
        return disk


def default_folder() -> Path:
    """Where answers are kept if nobody says otherwise."""
    from platformdirs import user_cache_path

    named = os.environ.get(FOLDER)
    return Path(named) if named else user_cache_path("symcost", False) / "xla"


def _key(target: str, versions: str, module: str) -> str:
    parts = (str(FORMAT), target, versions, metadata.version("jax"), metadata.version("jaxlib"), without_lines(module))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


_LOCATION = re.compile(r"^#loc(\d*) = loc\((.*)\)$", re.MULTILINE)
_USED = re.compile(r"loc\(#loc(\d*)\)")
_NAME = re.compile(r'"((?:[^"\\]|\\.)*)"\(')


def without_lines(module: str) -> str:
    """StableHLO with the names of operations ("jit(f)/Dense_0/dot_general") and without files and lines.

    Nothing that is kept depends on lines of code, and a line more in the script that calls symcost is no new program.
    """
    names = {}
    for number, what in _LOCATION.findall(module):
        named = _NAME.match(what)
        names[number] = named[1] if named else ""
    return _USED.sub(lambda m: f'loc("{names.get(m[1], "")}")', _LOCATION.sub("", module))
