"""How a model is called: the options that all front ends share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from symcost.errors import ArgumentError


@dataclass(frozen=True, slots=True)
class Options:
    """How a model is called.

    Attributes:
        method: the method to call, by name or as a function; `__call__` if None.
        rngs: random streams that a Linen module needs in the call ("dropout").
        mutable: collections that a Linen module may write ("batch_stats"); True for all.
        params: names or positions of a plain function's arguments that are parameters.
    """

    method: str | Callable[..., Any] | None = None
    rngs: tuple[str, ...] = ()
    mutable: tuple[str, ...] | bool = ()
    params: tuple[int | str, ...] = ()

    @classmethod
    def of(cls, method: Any = None, rngs: Any = (), mutable: Any = (), params: Any = ()) -> Options:
        """Options as the user gives them: a single name may stand for a tuple of one."""
        if not (method is None or isinstance(method, str) or callable(method)):
            raise ArgumentError(f"method={method!r} is neither a name nor a function", todo='method="encode"')
        return cls(
            method,
            _names("rngs", rngs, 'rngs=("dropout",)'),
            mutable if isinstance(mutable, bool) else _names("mutable", mutable, 'mutable=("batch_stats",)'),
            (params,) if isinstance(params, int) and not isinstance(params, bool) else _params(params),
        )

    def refuse(self, what: str, *names: str) -> None:
        """Raise if an option is given that `what` has no use for."""
        for name in names:
            if getattr(self, name) not in ((), None, False):
                raise ArgumentError(
                    f"{name}={getattr(self, name)!r} means nothing for {what}", todo=f"leave out {name}="
                )


def _names(option: str, value: Any, todo: str) -> tuple[str, ...]:
    names: Sequence[Any] = (value,) if isinstance(value, str) else () if value is None else tuple(value)
    for name in names:
        if not isinstance(name, str):
            raise ArgumentError(f"{option}= takes names, not {name!r}", todo=todo)
    return tuple(names)


def _params(value: Any) -> tuple[int | str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def merged_kwargs(kwargs: Any) -> dict[str, Any]:
    """Keyword arguments as a dict."""
    if kwargs is None:
        return {}
    if not isinstance(kwargs, dict):
        raise ArgumentError(f"kwargs={kwargs!r} is not a dict", todo='kwargs={"train": True}')
    return dict(kwargs)
