"""Module paths in the traces of NNX modules, which by themselves name nothing.

During a trace, and only then, the `__call__` of every class of module in the model runs
inside `jax.named_scope` of the module's path below the module that called it; the
outermost scope is the class's name, as Linen has it.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import jax
from flax import nnx

_lock = threading.RLock()  # classes are shared by all threads


@contextmanager
def module_scopes(root: nnx.Module) -> Iterator[None]:
    """Name the calls of `root` and of its submodules; the classes are as before afterwards, after an error too."""
    with _lock:
        names = _Names(root)
        owners = {owner for _, m in nnx.iter_modules(root) if (owner := _owner_of_call(type(m))) is not None}
        originals = {owner: owner.__dict__["__call__"] for owner in owners}
        try:
            for owner, original in originals.items():
                setattr(owner, "__call__", _named(original, names))  # noqa: B010  a plain assignment is checked
            yield
        finally:
            for owner, original in originals.items():
                setattr(owner, "__call__", original)  # noqa: B010


def _owner_of_call(cls: type) -> type | None:
    """The class that defines the `__call__` of `cls`; None if it is the one of all modules."""
    for base in cls.__mro__:
        if "__call__" in vars(base):
            return None if base in (nnx.Module, object) else base
    return None


class _Names:
    """Paths of modules, and the stack of those being called."""

    def __init__(self, root: nnx.Module):
        self.paths: dict[int, tuple[str, ...]] = {}
        self.alive: list[Any] = []  # an id is only good while its object lives
        self.stack: list[tuple[Any, tuple[str, ...]]] = []
        self.learn(root)

    def learn(self, root: Any) -> None:
        """Note the paths of a module and of what is in it, the class's name first."""
        for path, module in nnx.iter_modules(root):
            self.alive.append(module)
            self.paths.setdefault(id(module), (type(root).__name__, *map(str, path)))

    def scope(self, module: Any) -> tuple[tuple[str, ...], str]:
        """The path of `module`, and what to add to the scope of its caller."""
        if id(module) not in self.paths:
            # made inside a transform (nnx.scan, nnx.vmap), where modules are rebuilt from their parts
            self.learn(module)
        path = self.paths[id(module)]
        above = self.stack[-1][1] if self.stack else ()
        below = path[len(above) :] if path[: len(above)] == above else path
        return path, "/".join(below)


def _named(call: Callable[..., Any], names: _Names) -> Callable[..., Any]:
    @functools.wraps(call)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        if names.stack and names.stack[-1][0] is self:  # super().__call__(...) is no call of another module
            return call(self, *args, **kwargs)
        path, scope = names.scope(self)
        names.stack.append((self, path))
        try:
            with jax.named_scope(scope):
                return call(self, *args, **kwargs)
        finally:
            names.stack.pop()

    return wrapper
