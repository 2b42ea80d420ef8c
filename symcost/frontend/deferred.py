"""`build(Net, width=F)`: a constructor that is called with integers at every sample.

What a constructor computes with sizes (`if width % 4`, `range(layers)`) needs integers;
and what it makes may be anything: a Linen or NNX module, a plain function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from symcost.errors import ArgumentError
from symcost.frontend.closure import refuse_closed_over
from symcost.frontend.frameworks import wants_rngs
from symcost.frontend.substitute import substitute, symbols_in


@dataclass(frozen=True)
class Deferred:
    """A constructor with its arguments, symbols among them. Made by `build`.

    Attributes:
        constructor: a class or a function. args, kwargs: what it is called with; symbols become integers.
        kind: what it makes, once that is known (see `symcost.frontend.dispatch`).
    """

    constructor: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    kind: str | None = field(default=None, init=False, repr=False, compare=False)

    _symcost_deferred = True  # how `symcost.frontend.substitute` knows one without importing this file

    def names(self) -> tuple[str, ...]:
        """Names of the symbols among the arguments."""
        return symbols_in((self.args, dict(self.kwargs)))

    def construct(self, sizes: Mapping[str, int]) -> Any:
        """What the constructor makes at `sizes`.

        A constructor with a parameter `rngs` that was not given gets ``nnx.Rngs(0)``: shapes do not depend on it.
        """
        args, kwargs = substitute((self.args, dict(self.kwargs)), sizes)
        if "rngs" not in kwargs and wants_rngs(self.constructor):
            from flax import nnx

            kwargs["rngs"] = nnx.Rngs(0)
        return self.constructor(*args, **kwargs)

    def __str__(self) -> str:
        given = [*map(_short, self.args), *(f"{k}={_short(v)}" for k, v in self.kwargs.items())]
        name = getattr(self.constructor, "__name__", type(self.constructor).__name__)
        return f"{name}({', '.join(given)})"


def _short(value: Any) -> str:
    """`repr`, or the type's name where that is long (arrays, modules)."""
    text = repr(value)
    return text if len(text) <= 40 and "\n" not in text else f"<{type(value).__name__}>"


def build(constructor: Callable[..., Any], *args: Any, **kwargs: Any) -> Deferred:
    """A model whose constructor computes with sizes.

    Args:
        constructor: a class (Linen, NNX) or any function of sizes that returns a model or a function.
        args, kwargs: its arguments; symbols anywhere in them are integers when it is called.

    Raises:
        ArgumentError: `constructor` can't be called.
        DimensionError: it closes over a symbol.

    Example:
        >>> from symcost.dims import dims
        >>> F, L = dims("F L")
        >>> model = build(lambda width, layers: [width] * layers, width=2 * F, layers=L)
        >>> model.names(), model.construct({"F": 3, "L": 2})
        (('F', 'L'), [6, 6])
    """
    if not callable(constructor) or hasattr(type(constructor), "_symcost_deferred"):
        raise ArgumentError(
            f"build() takes a class or a function, not {constructor!r}",
            todo="sc.build(Net, width=F), without calling Net",
        )
    refuse_closed_over(constructor, todo="sc.build(make, size=N): symbols are handed over as arguments")
    return Deferred(constructor, args, kwargs)
