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
        min, max, multiple_of, power_of: the sizes that the model takes, as in `sc.dim`. What the user has declared for
            the symbol goes before each.
        usual: the size as published, if the model has one: `symcost zoo show` takes it where all others are given.
    """

    name: str
    meaning: str
    small: tuple[int, ...]
    min: int | None = None
    max: int | None = None
    multiple_of: int | None = None
    power_of: int | None = None
    usual: int | None = None

    @property
    def domain(self) -> dict[str, int]:
        """What `sc.dim` is told of it."""
        stated = {"min": self.min, "max": self.max, "multiple_of": self.multiple_of, "power_of": self.power_of}
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
        under: the convention of ours that is meant by it.
        program: "forward", or "training" (a step of `Entry.trace_training` with the optimizer that the entry names).
    """

    quantity: str
    figure: float
    tolerance: float
    sizes: Mapping[str, int]
    convention: str
    source: str
    beyond: int = 0
    why: str = ""
    under: str = "algorithm"
    program: str = "forward"


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
        where: relations between the symbols: ``"K <= E"``.
        optimizer: what a training step updates the parameters with, of Optax with its arguments.
    """

    name: str
    title: str
    paper: str
    recipe: str
    dims: tuple[Dim, ...]
    published: tuple[Published, ...] = ()
    structural: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    optimizer: tuple[Any, ...] = ("adam", 1e-3)

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

    def completed(self, sizes: Mapping[str, Any]) -> dict[str, Any]:
        """`sizes` with those of the published model, where no others are missing.

        Example:
            >>> from symcost import zoo
            >>> zoo.get("yolov3").completed({"B": 1, "N": 416, "C": 80})
            {'B': 1, 'N': 416, 'C': 80, 'W': 32}
        """
        missing = {dim.name: dim.usual for dim in self.dims if dim.name not in sizes}
        usual = {name: size for name, size in missing.items() if size is not None}
        return {**sizes, **usual} if len(usual) == len(missing) else dict(sizes)

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
            flags = recipe.flags(train=False)
            cost = sc.trace(self._traced(recipe, symbols), *arrays, kwargs=flags, **self._related(options))
        cost.name = self.name
        return cost

    def trace_gradient(self, **options: Any) -> Any:
        """The cost of loss and gradient, through `sc.trace_family`; options as in `trace`.

        Raises:
            ArgumentError: the model has no gradient.
        """
        import symcost as sc

        with self._declared():
            cost = sc.trace_family(self.build_gradient, self.symbols, **self._related(options))
        cost.name = f"{self.name}, loss and gradient"
        return cost

    def trace_training(self, optimizer: Any = None, sizes: Mapping[str, int] | None = None, **options: Any) -> Any:
        """The cost of a training step (loss, gradient and update of the parameters), through `sc.trace_training`.

        The loss is the recipe's, as in `trace_gradient`: the mean square of the outputs where it names none.

        Args:
            optimizer: an Optax gradient transformation; the entry's own if None (``optax.adam(1e-3)`` mostly).
            sizes: integers for all symbols, where numbers are wanted and no formulas: one trace instead of many.
            options: passed on to `sc.trace_training` (``strict=True``, ``rules=...``).

        Raises:
            ArgumentError: the model has no gradient.
        """
        import optax

        import symcost as sc

        with self._declared() as symbols:
            at = symbols if sizes is None else sizes
            recipe = self.at(at)
            if sizes is not None and not self._admits(sizes):
                raise ArgumentError(
                    f"model {self.name!r} is not defined at these sizes", todo=f"keep to {', '.join(self.where)}"
                )
            recipe.require_trained()
            own, *settings = self.optimizer
            cost = sc.trace_training(
                self._traced(recipe, at),
                *(sc.array(array.shape, array.dtype) for array in recipe.arrays),
                tuple(sc.array(target.shape, target.dtype) for target in recipe.targets),
                loss=recipe.compared,
                optimizer=getattr(optax, own)(*settings) if optimizer is None else optimizer,
                kwargs=recipe.flags(train=True),
                mutable=recipe.mutable,
                **(self._related(options) if sizes is None else options),
            )
        cost.name = f"{self.name}, training step"
        return cost

    def beside_published(self, forward: Any = None) -> Iterator[tuple[Published, int]]:
        """Each published figure, and what we count at its sizes under its convention, without `beyond`.

        Of a forward pass the formula is asked; a training step is traced at the figure's sizes, which takes seconds
        where its formula may take minutes.

        Args:
            forward: what `trace` returned, if it is there already.
        """
        for figure in self.published:
            if figure.program == "training":
                counted = self.trace_training(sizes=figure.sizes)
            else:
                counted = forward = self.trace() if forward is None else forward
            yield figure, getattr(counted.under(figure.under).at(**figure.sizes), figure.quantity)

    @contextmanager
    def _declared(self) -> Iterator[dict[str, Any]]:
        """The model's symbols in its own order; a domain that the user has declared for one of them holds here too."""
        from symcost.dims import declarations, dim, forget, stated

        with declarations():
            domains = [{**one.domain, **stated(one.name)} for one in self.dims]
            forget()
            yield {one.name: dim(one.name, **domain) for one, domain in zip(self.dims, domains, strict=True)}

    def _related(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Options of a trace with the model's own relations beside the user's."""
        from symcost.dims import to_relations

        return {**options, "where": [*to_relations(self.where), *to_relations(options.get("where", ()))]}

    def _traced(self, recipe: Recipe, symbols: Mapping[str, Any]) -> Any:
        """The module; a constructor that computes with sizes (a loop over layers) is given integers at every sample."""
        import symcost as sc

        return sc.build(self._module, **symbols) if self.structural else recipe.module

    def _module(self, **sizes: int) -> Any:
        return self.at(sizes).module

    def sample(self, rng: np.random.Generator) -> dict[str, int]:
        """Random small sizes."""
        while True:
            point = {dim.name: int(rng.choice(dim.small)) for dim in self.dims}
            if self._admits(point):
                return point

    def samples(self, rng: np.random.Generator, count: int) -> list[dict[str, int]]:
        """`count` different random sizes: the first with batch (or nodes) 1, then one all odd, then one all even."""
        found: list[dict[str, int]] = []
        kinds: list[Callable[[Dim, int], bool]] = [
            lambda dim, size: size == 1 or dim is not self.dims[0],
            lambda dim, size: size % 2 == 1,
            lambda dim, size: size % 2 == 0,
        ]
        for kind in kinds[:count]:
            allowed = {d.name: [size for size in d.small if kind(d, size)] or [*d.small] for d in self.dims}
            point = {name: int(rng.choice(sizes)) for name, sizes in allowed.items()}
            found.append(point if self._admits(point) else self.sample(rng))
        while len(found) < count:
            point = self.sample(rng)
            if point not in found:
                found.append(point)
        return found

    def _admits(self, sizes: Mapping[str, int]) -> bool:
        """Whether the relations between the symbols hold at `sizes`."""
        from symcost.grammar import parse_relations

        return all(relation.holds(sizes) for text in self.where for relation in parse_relations(text)[0])
