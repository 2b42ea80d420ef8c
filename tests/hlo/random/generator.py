"""The generator: a pool of values, operations drawn for them, and bodies of loops and branches made the same way.

Every decision is drawn from the seed and from what does not change with the sizes: ranks, dtypes and the *labels* of
dimensions. A label is text ("A", "A+2", "4"); equal labels are equal sizes, whatever the sizes are. So a seed stands
for one program at all sizes, and the program can be generalised over them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

FLOATS = ("float32", "bfloat16")
INTEGERS = ("int32", "int8")
SYMBOLS = ("A", "B")
LONGEST = 14
"""Dimensions whose label is longer are not derived from again, so that sizes stay small."""


@dataclass(frozen=True, slots=True)
class Value:
    """An array of the program and the labels of its dimensions."""

    array: jax.Array
    labels: tuple[str, ...]

    @property
    def rank(self) -> int:
        return len(self.labels)

    @property
    def dtype(self) -> str:
        return self.array.dtype.name

    @property
    def is_float(self) -> bool:
        return self.dtype in FLOATS

    @property
    def is_integer(self) -> bool:
        return self.dtype in INTEGERS


@dataclass(frozen=True, slots=True)
class Operation:
    """What may be drawn: a function of the generator and a value, where it fits, how likely it is."""

    apply: Callable[[Generator, Value], Value]
    fits: Callable[[Value], bool]
    weight: float
    smooth: bool  # can be differentiated in reverse
    same: bool  # has as many operations at every size


OPERATIONS: list[Operation] = []


def operation(
    fits: Callable[[Value], bool] = lambda v: True, *, weight: float = 1.0, smooth: bool = True, same: bool = True
) -> Callable[[Callable[[Generator, Value], Value]], Callable[[Generator, Value], Value]]:
    """Decorator: a function that makes one value of another."""

    def add(apply: Callable[[Generator, Value], Value]) -> Callable[[Generator, Value], Value]:
        OPERATIONS.append(Operation(apply, fits, weight, smooth, same))
        return apply

    return add


def floats(v: Value) -> bool:
    return v.is_float


def integers(v: Value) -> bool:
    return v.is_integer


def arrays(v: Value) -> bool:
    return v.rank > 0


def float_arrays(v: Value) -> bool:
    return v.is_float and v.rank > 0


@dataclass(slots=True)
class Generator:
    """Draws operations.

    Attributes:
        rng: of this program or body. sizes: of the symbols.
        arguments: those of the whole program, by key; where a key is missing, an array of zeros stands in and its
            shape is noted in `wanted`.
        depth: of nesting. path: names this body, for the keys of arguments. asked: how many arguments it asked for.
        smooth: draw only what can be differentiated. forward: it is, in forward mode.
        same: draw only what has as many operations at every size.
        closed: arguments of the program may not be used (custom derivatives take none from outside).
        made: the pool.
    """

    rng: np.random.Generator
    sizes: dict[str, int]
    arguments: dict[str, jax.Array]
    wanted: dict[str, jax.ShapeDtypeStruct]
    depth: int = 0
    smooth: bool = False
    forward: bool = False
    same: bool = False
    closed: bool = False
    path: str = ""
    asked: int = 0
    made: list[Value] = field(default_factory=list)

    # -- drawing -----------------------------------------------------------------------------
    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def pick(self, things: Sequence[Any]) -> Any:
        return things[int(self.rng.integers(len(things)))]

    def number(self, low: int, high: int) -> int:
        """An integer from low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def axis(self, v: Value) -> int:
        return self.number(0, v.rank - 1)

    def axes(self, v: Value) -> tuple[int, ...]:
        """Some axes, at least one, in order."""
        count = self.number(1, v.rank)
        return tuple(sorted(int(a) for a in self.rng.permutation(v.rank)[:count]))

    # -- sizes and arguments --------------------------------------------------------------------
    def size(self, label: str) -> int:
        """The size of a dimension that is a symbol or a number."""
        return self.sizes[label] if label in self.sizes else int(label)

    def label(self) -> str:
        """A symbol or a small number."""
        return str(self.number(1, 4)) if self.chance(0.3) else self.pick(SYMBOLS)

    def labels(self, rank: int) -> tuple[str, ...]:
        return tuple(self.label() for _ in range(rank))

    def argument(self, labels: Sequence[str], dtype: str) -> Value:
        """A further argument of the program, or ones where the body may not have any."""
        if self.closed:
            return Value(jnp.ones(tuple(self.size(label) for label in labels), dtype), tuple(labels))
        key = f"{self.path}#{self.asked}"
        self.asked += 1
        shape = tuple(self.size(label) for label in labels)
        self.wanted[key] = jax.ShapeDtypeStruct(shape, dtype)
        array = self.arguments[key] if key in self.arguments else jnp.zeros(shape, dtype)
        return Value(array, tuple(labels))

    def companion(self, v: Value) -> Value:
        """A value of the same shape and dtype: one that exists, or an argument where all dimensions are known."""
        alike = [w for w in self.made if w.labels == v.labels and w.dtype == v.dtype]
        if all(label in self.sizes or label.isdigit() for label in v.labels) and self.chance(0.4):
            return self.argument(v.labels, v.dtype)
        return self.pick(alike) if alike else v

    # -- programs ---------------------------------------------------------------------------------
    def body(self, name: str, **changes: Any) -> Generator:
        """A generator for the body of a loop or a branch, with a seed of its own: a body may be traced repeatedly."""
        rng = np.random.default_rng(self.number(0, 2**31))
        path = f"{self.path}/{name}{self.number(0, 10**6)}"
        return replace(self, rng=rng, depth=self.depth + 1, path=path, asked=0, made=[], **changes)

    def restarted(self) -> Generator:
        """A copy that draws the same again."""
        return replace(self, rng=deepcopy(self.rng), asked=0, made=[])

    def unnamed(self) -> str:
        """A label for a size that follows from others in ways that labels do not say."""
        return f"?{self.number(0, 10**9)}"

    def step(self, v: Value) -> Value:
        """One operation on `v`."""
        fitting = [o for o in OPERATIONS if o.fits(v) and (o.smooth or not self.smooth) and (o.same or not self.same)]
        weights = np.array([o.weight for o in fitting])
        chosen = fitting[int(self.rng.choice(len(fitting), p=weights / weights.sum()))]
        return chosen.apply(self, v)

    def run(self, values: Sequence[Value], steps: int) -> list[Value]:
        """A pool grown by `steps` operations; returns what nobody used, so that nothing is dead."""
        self.made = list(values)
        used: set[int] = set()
        for _ in range(steps):
            # mostly the newest value, so that programs are deep rather than wide
            v = self.made[-1] if self.chance(0.6) else self.pick(self.made)
            used.add(id(v))
            new = self.step(v)
            assert new.rank == new.array.ndim, f"labels {new.labels} of an array {new.array.shape}"
            self.made.append(new)
        return [v for v in self.made if id(v) not in used or v is self.made[-1]]


@dataclass(frozen=True, slots=True)
class Random:
    """A random program.

    Attributes:
        seed: names it. symbols: its sizes. same: it has as many operations at every size.
    """

    seed: int
    same: bool = False
    symbols: tuple[str, ...] = SYMBOLS

    def sizes(self, number: int = 0) -> dict[str, int]:
        """Sizes to look at it: ones and equal ones among them."""
        rng = np.random.default_rng([self.seed, number, 1])
        return {s: int(rng.choice([1, 2, 3, 4, 5, 6, 7])) for s in self.symbols}

    def build(self, **sizes: int) -> tuple[Callable, tuple[Any, ...]]:
        """``(fn, args)`` at `sizes`."""
        wanted: dict[str, jax.ShapeDtypeStruct] = {}
        jax.eval_shape(lambda: self._outputs(sizes, {}, wanted))
        keys = sorted(wanted)

        def fn(*args: jax.Array) -> Any:
            return self._outputs(sizes, dict(zip(keys, args, strict=True)), {})

        return fn, tuple(wanted[key] for key in keys)

    def _outputs(self, sizes: dict[str, int], arguments: dict[str, jax.Array], wanted: dict) -> list[jax.Array]:
        rng = np.random.default_rng([self.seed, 0])
        g = Generator(rng, dict(sizes), arguments, wanted, same=self.same)
        dtypes = [g.pick((*FLOATS, "float32", "float32", "float32", *INTEGERS)) for _ in range(g.number(1, 3))]
        values = [g.argument(g.labels(g.number(1, 3)), dtype) for dtype in dtypes]
        return [v.array for v in g.run(values, g.number(3, 12))]


def program(seed: int, *, same: bool = False) -> Random:
    """The random program of a seed."""
    return Random(seed, same)
