"""Families: functions from sizes to a program, which every front end produces.

A `Family` knows how to make the program at any sizes of its domain; tracing, lowering
and checking all start from `Family.at` or `Family.trace`. What goes wrong in the
user's own code on the way is told with the sizes at which it happened.
"""

from __future__ import annotations

import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from symcost.advice import Advice
from symcost.domain import Domain, format_sizes
from symcost.errors import BuildError, SymcostError
from symcost.initialisers import by_shape

T = TypeVar("T")

KINDS = ("argument", "params", "state", "rng")
"""What an input of a program can be."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A program at concrete sizes: ``jax.jit(fn).trace(*args)`` works.

    Attributes:
        fn: a pure function. args: its arguments, pytrees of `jax.ShapeDtypeStruct`.
        kinds: what each flat leaf of `args` is, one of `KINDS`.
    """

    fn: Callable[..., Any]
    args: tuple[Any, ...]
    kinds: tuple[str, ...]


def _no_advice(error: Exception) -> str | Advice | None:
    return None


@dataclass(frozen=True, slots=True)
class Family:
    """A program for all sizes of a domain.

    Attributes:
        domain: symbols in the user's order, with their restrictions and relations.
        name: the user's name for the program ("GCN", "train_step").
        instantiate: sizes -> `Instance`; raises whatever the user's code raises.
        provenance: what the user handed over, for messages and reports.
        advise: what to type after a given exception of the user's code, or None.

    Example:
        >>> import jax
        >>> from symcost.domain import Dim
        >>> def square(sizes):
        ...     return Instance(lambda x: x * x, (jax.ShapeDtypeStruct((sizes["N"],), "float32"),), ("argument",))
        >>> family = Family(Domain((Dim("N"),)), "square", square, "the function square")
        >>> family.at({"N": 3}).args[0].shape
        (3,)
    """

    domain: Domain
    name: str
    instantiate: Callable[[Mapping[str, int]], Instance]
    provenance: str
    advise: Callable[[Exception], str | Advice | None] = _no_advice

    def at(self, sizes: Mapping[str, Any]) -> Instance:
        """The instance at `sizes`.

        Raises:
            DomainError: the sizes are outside the domain.
            BuildError: the user's code fails there; the message says where, and which declaration would help.
        """
        return self.run(sizes, lambda instance: instance)

    def trace(self, sizes: Mapping[str, Any]) -> Any:
        """``jax.jit(fn).trace(*args)`` at `sizes`, with the errors of `at`."""

        def trace(instance: Instance) -> Any:
            import jax

            return jax.jit(instance.fn).trace(*instance.args)

        return self.run(sizes, trace)

    def run(self, sizes: Mapping[str, Any], use: Callable[[Instance], T]) -> T:
        """``use(instance)`` at `sizes`; what the user's code raises in it becomes a `BuildError`.

        Most code fails only when it is traced, so whatever traces belongs into `use`.
        """
        checked = self.domain.check(sizes)
        try:
            with by_shape(building=True):
                instance = self.instantiate(checked)
            with by_shape(building=False):
                return use(instance)
        except SymcostError:
            raise
        except Exception as error:
            raise self._build_error(checked, error) from error

    def builds(self, sizes: Mapping[str, int]) -> bool:
        """Whether the program can be built and evaluated abstractly at `sizes` (inside the domain or not)."""
        import jax

        try:
            instance = self.instantiate(sizes)
            jax.eval_shape(instance.fn, *instance.args)
        except Exception:
            return False
        return True

    def _build_error(self, sizes: Mapping[str, int], error: Exception) -> BuildError:
        from symcost.remedy import declaration

        at = f" at {format_sizes(sizes)}" if sizes else ""
        fallback = "make it run with jax.eval_shape at these sizes first"
        return BuildError(
            f"{self.provenance} cannot be built{at}: {summary(error)}",
            where=user_line(error.__traceback__),
            # trying takes seconds, and most failures are met by looking at special sizes, and never shown
            todo=lambda: self.advise(error) or declaration(self, sizes) or fallback,
        )


def summary(error: BaseException) -> str:
    """The type and the first line of an exception."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0].strip()}" if lines else type(error).__name__


# -- the user's line ---------------------------------------------------------------------

_PACKAGE = Path(__file__).resolve().parent
_STANDARD = Path(sysconfig.get_path("stdlib")).resolve()
_MACHINERY = ("jax", "jaxlib", "flax", "optax", "numpy", "scipy", "sympy", "opt_einsum", "ml_dtypes")


def user_line(traceback: TracebackType | None) -> str | None:
    """``file:line (function)`` of the innermost frame of the user's own code; of a library's, if there is none."""
    own = library = None
    while traceback is not None:
        code = traceback.tb_frame.f_code
        line = f"{code.co_filename}:{traceback.tb_lineno} ({code.co_name})"
        whose = origin(code.co_filename)
        if whose == "user":
            own = line
        elif whose == "library":
            library = line
        traceback = traceback.tb_next
    return own or library


def origin(filename: str) -> str:
    """ "user", "library" (someone's installed package) or "machinery" (jax, flax, Python and symcost itself)."""
    path = Path(filename)
    if filename.startswith("<frozen"):
        return "machinery"
    for part, following in zip(path.parts, path.parts[1:], strict=False):
        if part in ("site-packages", "dist-packages"):
            return "machinery" if following in _MACHINERY else "library"
    if path.is_relative_to(_PACKAGE):
        # models in the zoo are written like a user's
        return "user" if path.is_relative_to(_PACKAGE / "zoo") else "machinery"
    return "machinery" if path.is_relative_to(_STANDARD) else "user"
