"""What a command was asked to trace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from symcost.cli import options as o
from symcost.cli.sizes import declare, trips
from symcost.cli.target import load
from symcost.cli.training import Training
from symcost.cli.values import assignment, parameters, takes_text, value
from symcost.errors import ArgumentError, BuildError, SymcostError

ZOO = "zoo:"


@dataclass(frozen=True, slots=True)
class Request:
    """The options that say what to trace, as they were typed; `symcost.cli.program_options` gives them to commands."""

    target: o.Target
    args: o.Arguments = field(default_factory=list)
    kwargs: o.Keywords = field(default_factory=list)
    settings: o.Settings = field(default_factory=list)
    build: o.Build = False
    method: o.Method = ""
    rngs: o.Rngs = field(default_factory=list)
    mutable: o.Mutable = field(default_factory=list)
    params: o.Params = field(default_factory=list)
    strict: o.Strict = False
    training: Training = field(default_factory=Training)
    dims: o.Dims = field(default_factory=list)
    where: o.Where = field(default_factory=list)
    trips: o.Trips = field(default_factory=list)

    def trace(self, progress: Callable[[str], None]) -> Any:
        """The cost.

        Raises:
            SymcostError: the object does not load or cannot be traced.
        """
        import symcost as sc

        if self.target.startswith(ZOO):
            return self._zoo(progress)
        loaded = load(self.target)
        # symbols print in the order in which they are first named: in arguments, then in settings
        args = [array(text) for text in self.args]
        for text in self.kwargs:
            assignment(text, "--kwarg", "train=false")
        listed = declare(self.dims)
        obj = self._object(loaded)
        known = parameters(obj) if callable(obj) else {}
        kwargs = {}
        for text in self.kwargs:
            name, given = assignment(text, "--kwarg", "train=false")
            kwargs[name] = array(given) if _is_array(given) else value(given, takes_text(known.get(name)))
        options: dict[str, Any] = {
            "kwargs": kwargs,
            "method": self.method or None,
            "rngs": tuple(self.rngs),
            "mutable": tuple(self.mutable),
            "params": tuple(int(p) if p.isdigit() else p for p in self.params),
            "where": self.where,
            "trips": trips(self.trips),
            "strict": self.strict,
            "progress": progress,
        }
        if self.training.wanted:
            loss, optimizer = self.training.loss_function(), self.training.made_optimizer()
            # the loss that needs no targets still has them for an argument
            args = args if self.training.loss else [*args, None]
            cost = sc.trace_training(obj, *args, loss=loss, optimizer=optimizer, **options)
        else:
            cost = sc.trace(obj, *args, **options)
        for name in listed:
            if name not in cost.domain.names:
                from symcost.dims import unused_symbol

                raise unused_symbol(name, cost.domain.names, " (it is declared with --dim)")
        return cost

    def _object(self, loaded: Any) -> Any:
        """The loaded object, built if it is a class or a constructor."""
        import symcost as sc
        from symcost.frontend.frameworks import is_module_class, is_nnx_class

        if not isinstance(loaded, type) and not self.build:
            if self.settings:
                raise ArgumentError(
                    f"--set builds a class, and {self.target} is {_described(loaded)}",
                    todo=f"--kwarg {self.settings[0]} for a keyword of its call; --build to call it with integers",
                )
            return loaded
        name = getattr(loaded, "__name__", self.target)
        known = parameters(loaded)
        settings = {}
        for text in self.settings:
            field, given = assignment(text, "--set", "features=H")
            _check_field(field, name, known)
            settings[field] = value(given, takes_text(known.get(field)))
        if self.build or not is_module_class(loaded) or is_nnx_class(loaded):
            return sc.build(loaded, **settings)
        return _constructed(loaded, name, settings)

    def _zoo(self, progress: Callable[[str], None]) -> Any:
        from symcost import zoo

        given = [
            option
            for option, texts in (
                ("--arg", self.args),
                ("--set", self.settings),
                ("--kwarg", self.kwargs),
                ("--loss", self.training.loss),
            )
            if texts
        ]
        entry = zoo.get(self.target.removeprefix(ZOO))
        if given:
            raise ArgumentError(
                f"the zoo's model {entry.name!r} has its {'loss' if given == ['--loss'] else 'arguments'}: "
                f"{' '.join(given)} cannot be given",
                todo=f"symcost zoo show {entry.name}",
            )
        declare(self.dims)
        options: dict[str, Any] = {"where": self.where, "strict": self.strict, "progress": progress}
        if self.training.wanted:
            return entry.trace_training(self.training.made_optimizer(), **options)
        return entry.trace(**options)


def array(text: str) -> Any:
    """An array argument: ``"B T F"``, ``"M:int32"``.

    Example:
        >>> print(array("N F"), array("M:int32"), array(":bool"))
        float32[N, F] int32[M] bool[]
    """
    import symcost as sc

    shape, colon, dtype = text.rpartition(":")
    return sc.array(shape, dtype.strip() or "float32") if colon else sc.array(text)


def _is_array(text: str) -> bool:
    from symcost.arrays import DTYPES

    return ":" in text and text.rpartition(":")[2].strip() in DTYPES


def _check_field(field: str, name: str, known: Mapping[str, Any]) -> None:
    takes_all = any(p.kind is p.VAR_KEYWORD for p in known.values())
    if field in known or takes_all or not known:
        return
    near = get_close_matches(field, known, n=2, cutoff=0.4)
    listed = [p for p in known if p not in ("parent", "name")]
    raise ArgumentError(
        f"{name} has no field {field!r}",
        where=f"its fields: {', '.join(listed) or 'none'}",
        todo=f"did you mean {' or '.join(f'--set {n}=...' for n in near)}?" if near else None,
    )


def _constructed(cls: Callable[..., Any], name: str, settings: Mapping[str, Any]) -> Any:
    """A Linen module with symbols in its fields."""
    try:
        return cls(**settings)
    except SymcostError:
        raise
    except Exception as error:
        given = ", ".join(f"{k}={v}" for k, v in settings.items())
        raise BuildError(
            f"{name}({given}) failed: {type(error).__name__}: {error}",
            todo="give the fields it needs with --set name=value; if its constructor computes with sizes, add --build",
        ) from error


def _described(obj: Any) -> str:
    return f"a {type(obj).__name__}" if not callable(obj) or hasattr(obj, "apply") else "a function"
