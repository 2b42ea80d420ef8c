"""A row of the zoo: what a model is called, what it is a function of, and what has been published about it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symcost.errors import ArgumentError, MissingSizeError

if TYPE_CHECKING:
    import numpy as np

    from symcost.zoo.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Dim:
    """A size symbol of a model.

    Attributes:
        name: the symbol, as the field writes it.
        meaning: in words.
        small: sizes that `Entry.sample` draws from; together they keep XLA's float32 totals exact (below 2^24).
        min, multiple_of, power_of: the sizes that the model takes, as in `sc.dim`. What the user has declared for the
            symbol goes before each.
    """

    name: str
    meaning: str
    small: tuple[int, ...]
    min: int | None = None
    multiple_of: int | None = None
    power_of: int | None = None

    @property
    def domain(self) -> dict[str, int]:
        """What `sc.dim` is told of it."""
        stated = {"min": self.min, "multiple_of": self.multiple_of, "power_of": self.power_of}
        return {key: value for key, value in stated.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Published:
    """A figure that others have published, with the sizes and the convention that it needs.

    Attributes:
        quantity: field of a cost ("macs", "flops", "params").
        figure: the number, as printed.
        tolerance: relative; 0 where the figure is exact. A rounded figure has half a unit of its last digit.
        sizes: where it was taken.
        convention: what it counts, in words.
        source: who printed it.
        beyond: what the figure counts besides this model: to be added to the model's own count.
        why: what `beyond` is.
    """

    quantity: str
    figure: float
    tolerance: float
    sizes: Mapping[str, int]
    convention: str
    source: str
    beyond: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A reference model.

    Attributes:
        name: as typed on the command line.
        title: in words.
        paper: where the model comes from.
        recipe: "file:function" in this package; the function takes the sizes and returns a `Recipe`.
        dims: size symbols, in the order in which formulas print them.
        published: figures to check against.
        structural: symbols that change the number of equations (layers of a Python loop); the module's
            constructor then gets integers.
    """

    name: str
    title: str
    paper: str
    recipe: str
    dims: tuple[Dim, ...]
    published: tuple[Published, ...] = ()
    structural: tuple[str, ...] = ()

    @property
    def symbols(self) -> str:
        """Names of the dims, as `sc.dims` and `sc.trace_family` take them: ``"N M F H C"``."""
        return " ".join(dim.name for dim in self.dims)

    def at(self, sizes: Mapping[str, Any]) -> Recipe:
        """Module and arguments at `sizes`: integers, or sympy expressions.

        Raises:
            MissingSizeError: if a size is missing. ArgumentError: if there is one the model does not have.
        """
        known = [dim.name for dim in self.dims]
        missing = [name for name in known if name not in sizes]
        if missing:
            raise MissingSizeError(
                f"model {self.name!r} needs a size for {', '.join(missing)}",
                todo=f"give all of {', '.join(f'{dim.name} ({dim.meaning})' for dim in self.dims)}",
            )
        extra = [name for name in sizes if name not in known]
        if extra:
            raise ArgumentError(
                f"model {self.name!r} has no size called {', '.join(extra)}", todo=f"its sizes are {' '.join(known)}"
            )
        file, function = self.recipe.split(":")
        return getattr(importlib.import_module(f"symcost.zoo.{file}"), function)(**sizes)

    def build(self, **sizes: int) -> tuple[Callable, tuple[Any, ...]]:
        """The model in evaluation mode as ``(fn, args)`` at integer sizes; args have shapes and no values.

        `sc.trace_family(entry.build, entry.symbols)` takes it as it is.
        """
        return self.at(sizes).forward()

    def build_gradient(self, **sizes: int) -> tuple[Callable, tuple[Any, ...]]:
        """Loss and gradient in training mode as ``(fn, args)`` at integer sizes."""
        return self.at(sizes).gradient()

    def instance(self, sizes: Mapping[str, int], gradient: bool = False) -> tuple[Callable, tuple[Any, ...]]:
        """`build` or `build_gradient` at `sizes`."""
        return self.build_gradient(**sizes) if gradient else self.build(**sizes)

    def trace(self, **options: Any) -> Any:
        """The cost of a forward pass as formulas in the model's symbols, through `sc.trace`.

        Args:
            options: passed on to `sc.trace` (``strict=True``, ``rules=...``).
        """
        import symcost as sc

        with self._declared() as symbols:
            recipe = self.at(symbols)
            arrays = [sc.array(array.shape, array.dtype) for array in recipe.arrays]
            cost = sc.trace(self._traced(recipe, symbols), *arrays, kwargs=recipe.flags(train=False), **options)
        cost.name = self.name
        return cost

    def trace_gradient(self, **options: Any) -> Any:
        """The cost of loss and gradient, through `sc.trace_family`; options as in `trace`."""
        import symcost as sc

        with self._declared():
            cost = sc.trace_family(self.build_gradient, self.symbols, **options)
        cost.name = f"{self.name}, loss and gradient"
        return cost

    def trace_training(self, optimizer: Any = None, **options: Any) -> Any:
        """The cost of a training step (loss, gradient and update of the parameters), through `sc.trace_training`.

        The loss is the mean square of the outputs, as in `trace_gradient`; no targets are needed for it.

        Args:
            optimizer: an Optax gradient transformation; ``optax.adam(1e-3)`` if None.
            options: passed on to `sc.trace_training` (``strict=True``, ``rules=...``).
        """
        import optax

        import symcost as sc
        from symcost.frontend.training import mean_square

        with self._declared() as symbols:
            recipe = self.at(symbols)
            recipe.require_parameters()
            cost = sc.trace_training(
                self._traced(recipe, symbols),
                *(sc.array(array.shape, array.dtype) for array in recipe.arrays),
                None,
                loss=mean_square,
                optimizer=optax.adam(1e-3) if optimizer is None else optimizer,
                kwargs=recipe.flags(train=True),
                mutable=recipe.mutable,
                **options,
            )
        cost.name = f"{self.name}, training step"
        return cost

    @contextmanager
    def _declared(self) -> Iterator[dict[str, Any]]:
        """The model's symbols in its own order; a domain that the user has declared for one of them holds here too."""
        from symcost.dims import declarations, dim, forget, stated

        with declarations():
            domains = [{**one.domain, **stated(one.name)} for one in self.dims]
            forget()
            yield {one.name: dim(one.name, **domain) for one, domain in zip(self.dims, domains, strict=True)}

    def _traced(self, recipe: Recipe, symbols: Mapping[str, Any]) -> Any:
        """The module; a constructor that computes with sizes (a loop over layers) is given integers at every sample."""
        import symcost as sc

        return sc.build(self._module, **symbols) if self.structural else recipe.module

    def _module(self, **sizes: int) -> Any:
        return self.at(sizes).module

    def sample(self, rng: np.random.Generator) -> dict[str, int]:
        """Random small sizes."""
        return {dim.name: int(rng.choice(dim.small)) for dim in self.dims}

    def samples(self, rng: np.random.Generator, count: int) -> list[dict[str, int]]:
        """`count` different random sizes: the first with batch (or nodes) 1, then one all odd, then one all even."""
        found: list[dict[str, int]] = []
        kinds: list[Callable[[Dim, int], bool]] = [
            lambda dim, size: size == 1 or dim is not self.dims[0],
            lambda dim, size: size % 2 == 1,
            lambda dim, size: size % 2 == 0,
        ]
        for kind in kinds[:count]:
            point = {}
            for dim in self.dims:
                allowed = [size for size in dim.small if kind(dim, size)] or list(dim.small)
                point[dim.name] = int(rng.choice(allowed))
            found.append(point)
        while len(found) < count:
            point = self.sample(rng)
            if point not in found:
                found.append(point)
        return found
