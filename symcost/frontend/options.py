"""How a model is called: the options that all front ends share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from symcost import advice
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
            raise ArgumentError(
                f"method={method!r} is neither a name nor a function", todo=advice.name("method", "encode")
            )
        return cls(
            method,
            _names("rngs", rngs, "dropout"),
            mutable if isinstance(mutable, bool) else _names("mutable", mutable, "batch_stats"),
            _params(params),
        )

    def refuse(self, what: str, *names: str) -> None:
        """Raise if an option is given that `what` has no use for."""
        for name in names:
            if getattr(self, name) not in ((), None, False):
                raise ArgumentError(
                    f"{name}={getattr(self, name)!r} means nothing for {what}", todo=f"leave out {name}="
                )


def _names(option: str, value: Any, example: str) -> tuple[str, ...]:
    names: Iterable[Any] = (value,) if isinstance(value, str) or not isinstance(value, Iterable) else value
    names = () if value is None else tuple(names)
    for name in names:
        if not isinstance(name, str):
            raise ArgumentError(f"{option}= takes names, not {name!r}", todo=advice.name(option, example))
    return names


def _params(value: Any) -> tuple[int | str, ...]:
    if value is None:
        return ()
    places = tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else (value,)
    for place in places:
        if isinstance(place, bool) or not isinstance(place, (int, str)):
            raise ArgumentError(f"params= takes names or positions of arguments, not {place!r}", todo="params=(0,)")
    return places


def merged_kwargs(kwargs: Any) -> dict[str, Any]:
    """Keyword arguments as a dict."""
    if kwargs is None:
        return {}
    if not isinstance(kwargs, dict) or not all(isinstance(name, str) for name in kwargs):
        raise ArgumentError(f"kwargs={kwargs!r} is not a dict of keyword arguments", todo='kwargs={"train": True}')
    return dict(kwargs)
