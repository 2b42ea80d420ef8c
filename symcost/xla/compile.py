"""Real compilation: a program as XLA takes it and as XLA makes it, with XLA's own figures for both.

Written against jax 0.10 - 0.12: `Compiled.cost_analysis` is a dictionary whose absent
keys are 0, and `Compiled.memory_analysis` has the fields that `Memory` names.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import jax

from symcost.capture.deviceless import MEMORY, of_device
from symcost.capture_hlo import hlo_text, named_counts, parse_hlo, xla_counts
from symcost.domain import format_sizes
from symcost.errors import ArgumentError, LoweringError, MissingSizeError, SymcostError, TargetError
from symcost.family import Instance, summary
from symcost.frontend import to_family
from symcost.frontend.arguments import arguments_at
from symcost.program import Program
from symcost.xla import device
from symcost.xla.cache import Cache
from symcost.xla.targets import Target
from symcost.xla.workers import COMPILE, Answer, Job, compile_all, reachable

if TYPE_CHECKING:
    from symcost.report.document import Report

QUANTITIES = ("flops", "transcendentals", "bytes_accessed")
"""What XLA's cost analysis counts."""

BEFORE, AFTER = "before optimisation", "after optimisation"
"""Stages of a program: as JAX hands it to XLA, and as XLA runs it."""

SMALLER = "ask for smaller sizes, or for the formula alone, which needs no XLA"
"""What to do where XLA cannot compile a program."""

EXACT_BELOW = 2**24
"""XLA adds up in float32: totals from here on are rounded."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What the compiler allocates, in bytes.

    Attributes:
        arguments, outputs: of the program; on TPU in whole tiles. temporaries: buffers inside of it.
        aliased: outputs that are written into donated arguments. reported_peak: XLA's own figure,
            which on CPU leaves the temporaries out, and on TPU covers what they leave out.
    """

    arguments: int
    outputs: int
    temporaries: int
    aliased: int
    reported_peak: int

    @property
    def peak(self) -> int:
        """The larger of XLA's own figure, and of arguments, outputs and temporaries less what is aliased."""
        return max(self.reported_peak, self.arguments + self.outputs + self.temporaries - self.aliased)


@dataclass(frozen=True)
class XlaProgram:
    """One stage of a program and what XLA counts for it.

    Attributes:
        stage: "before optimisation" or "after optimisation". target: what it is compiled for.
        counts: XLA's figures as it reports them, by quantity.
        read: makes the text of the module. memory: None before optimisation, where nothing is allocated.
        base: the figures of XLA's common analysis for the same module, where a chip's compiler reports its own.
        optimal_seconds: what XLA expects the program to take; TPU only.
    """

    stage: str
    target: Target
    counts: Mapping[str, float]
    read: Callable[[], str]
    memory: Memory | None = None
    base: Mapping[str, float] | None = None
    optimal_seconds: float | None = None

    @property
    def flops(self) -> int:
        """XLA's flops; an operation on integers or booleans is one too, and a custom call is -1."""
        return int(self.counts["flops"])

    @property
    def transcendentals(self) -> int:
        """XLA's transcendentals."""
        return int(self.counts["transcendentals"])

    @property
    def bytes_accessed(self) -> int:
        """XLA's bytes accessed; a custom call is -1."""
        return int(self.counts["bytes_accessed"])

    @property
    def peak_memory(self) -> int | None:
        """Bytes, see `Memory.peak`; None before optimisation."""
        return self.memory.peak if self.memory else None

    @property
    def rounded(self) -> tuple[str, ...]:
        """Quantities from 2**24 on, where XLA's float32 sums are no longer exact."""
        return tuple(q for q in QUANTITIES if abs(self.counts[q]) >= EXACT_BELOW)

    @cached_property
    def hlo(self) -> str:
        """The module as text, with its metadata."""
        return self.read()

    @cached_property
    def program(self) -> Program:
        """The module as symcost's own program, one instruction per HLO instruction."""
        return parse_hlo(self.hlo)

    @cached_property
    def stored(self) -> Program:
        """The module as `program`, with arrays of the sizes that their layouts give them in memory."""
        return parse_hlo(self.hlo, stored=True)

    @cached_property
    def custom_calls(self) -> tuple[str, ...]:
        """Targets of the custom calls, each of which XLA counts as -1 flops and -1 bytes."""
        found = [i.template for i in self.program.walk() if i.template.primitive == "custom-call"]
        return tuple(str(dict(t.params).get("custom_call_target", "?")) for t in found)


@dataclass(frozen=True)
class XlaAnalysis(XlaProgram):
    """An optimised program and what XLA counts for it, with the program before optimisation beside it.

    Attributes:
        name: what was compiled. unoptimized: the same, before optimisation.
        note: how it was compiled otherwise than with the chip at hand, if it was.
    """

    name: str = ""
    note: str = ""
    unoptimized: XlaProgram = None  # type: ignore[assignment]  # always given; dataclasses order their fields

    def report(self) -> Report:
        """Both stages as a report."""
        from symcost.xla.present import analysis_report

        return analysis_report(self)

    def __str__(self) -> str:
        from symcost.report.text import to_text

        return to_text(self.report())

    def __repr__(self) -> str:
        figures = ", ".join(f"{q}={getattr(self, q)}" for q in (*QUANTITIES, "peak_memory"))
        return f"<XlaAnalysis {self.name} on {self.target.name}: {figures}>"


def analyze(
    fn: Any,
    *args: Any,
    target: str | Target = "cpu",
    at: Mapping[str, int] | None = None,
    kwargs: Mapping[str, Any] | None = None,
    method: Any = None,
    rngs: Sequence[str] = (),
    mutable: Sequence[str] = (),
    cache: bool = True,
    limit: float = COMPILE,
) -> XlaAnalysis:
    """Compile one call of a model or function, and read what XLA says about it.

    Args:
        fn: a Linen module, what `sc.build` returned, an NNX module or any JAX callable. A function that is
            jitted already keeps its options, such as donated arguments.
        *args: pytrees of `sc.array(...)`, `jax.ShapeDtypeStruct` or arrays; only shapes and dtypes matter.
        target: what to compile for: "cpu", "tpu-v5e", "gpu-h100" ... (`sc.xla.TARGETS`); the chip need not be there.
            Or "device": the accelerator that JAX sees here.
        at: sizes, where a shape or a field of the model holds symbols.
        kwargs, method, rngs, mutable: as in `sc.trace`.
        cache: take the answer of an earlier compilation for the same chip by the same versions, if there is one.
        limit: seconds after which compiling for another chip is given up.

    Returns:
        Figures of the optimised program; `.unoptimized` has those before optimisation.

    Raises:
        TargetError: the target is unknown, or its packages are missing. MissingSizeError: a symbol has no size.
        BuildError: the model cannot be built, or XLA cannot compile it.

    Example:
        >>> import symcost as sc
        >>> found = sc.xla.analyze(lambda x, w: x @ w, sc.array((2, 3)), sc.array((3, 5)))
        >>> found.flops, found.unoptimized.flops, found.peak_memory
        (60, 60, 124)
    """
    (where,) = reachable([target])  # before anything is traced
    family = to_family(fn, args, kwargs, method=method, rngs=rngs, mutable=mutable)
    if at is not None and not isinstance(at, Mapping):
        example = ", ".join(f"{name}=8" for name in family.domain.names)
        raise ArgumentError(f"at= takes sizes by name, not {at!r}", todo=f"at=dict({example})")
    sizes = dict(at or {})
    missing = [name for name in family.domain.names if name not in sizes]
    if missing:
        raise MissingSizeError(
            f"XLA compiles at integer sizes, and there is none for {', '.join(missing)}",
            todo=f"sc.xla.analyze(..., at={{{', '.join(f'{n!r}: 8' for n in missing)}}})",
        )

    def compiled(instance: Instance) -> XlaAnalysis:
        if isinstance(fn, jax.stages.Wrapped):  # tracing inside another jit would lose donated arguments
            arguments = arguments_at(args, kwargs or {}, sizes)
            filled_args, filled_kwargs = arguments.fill(arguments.args, arguments.kwargs)
            traced = fn.trace(*filled_args, **filled_kwargs)
        else:
            traced = jax.jit(instance.fn).trace(*instance.args)
        lower = functools.partial(traced.lower, lowering_platforms=(where.platform,))
        before = lowered(lower, where, family.name, sizes, traced.lower)
        if not where.remote:
            return compiled_here(before)
        (answer,) = compile_all([before.job], cache=Cache() if cache else None, limit=limit)
        return compiled_there(before, answer)

    with compiling_for(where):
        return family.run(sizes, compiled)


@contextmanager
def compiling_for(where: Target) -> Iterator[None]:
    """Within this block, what is lowered and compiled here is so on the CPU, whatever JAX's default device is."""
    try:
        cpu = jax.devices("cpu")[0]
    except RuntimeError as error:
        raise TargetError(
            f"JAX has no 'cpu' backend here, which lowers programs for {where.name}: {summary(error)}",
            todo="leave JAX_PLATFORMS unset, or let it contain cpu",
        ) from error
    with jax.default_device(cpu):
        yield


@dataclass(frozen=True)
class Lowered:
    """A program before optimisation, and what it takes to compile it.

    Attributes:
        name, sizes: of the program, for messages. before: what XLA says of it. stage: JAX's own object.
        native: lowers it for JAX's default device.
    """

    name: str
    sizes: Mapping[str, int]
    before: XlaProgram
    stage: Any
    native: Callable[[], Any]

    @property
    def job(self) -> Job:
        """The program as a job for another process, with the names of modules and lines in it."""
        text = self.stage.compiler_ir("stablehlo").operation.get_asm(enable_debug_info=True)
        return Job(self.name, self.before.target, text)


def lowered(
    lower: Callable[[], Any], where: Target, name: str, sizes: Mapping[str, int], native: Callable[[], Any]
) -> Lowered:
    """A program before optimisation.

    Args:
        lower: makes the `jax.stages.Lowered`. name, sizes: of the program, for messages.
        native: makes that of JAX's default device, where the program is compiled for an accelerator that is here.

    Raises:
        LoweringError: XLA cannot take the program.
    """
    try:
        stage = lower()
        before = XlaProgram(BEFORE, where, xla_counts(stage), lambda: hlo_text(stage))
    except SymcostError:
        raise
    except Exception as error:
        raise _uncompiled(name, sizes, where, summary(error)) from error
    return Lowered(name, sizes, before, stage, native)


def compiled_here(program: Lowered) -> XlaAnalysis:
    """The program after optimisation for this machine's CPU, or its accelerator.

    Raises:
        LoweringError: XLA cannot compile it.
    """
    where = program.before.target
    if where.here:
        return compiled_there(program, Answer(program.name, where, _on_device(program)))
    try:
        found = program.stage.compile()
    except Exception as error:
        raise _uncompiled(program.name, program.sizes, where, summary(error)) from error
    return XlaAnalysis(
        AFTER, where, xla_counts(found), found.as_text, _memory(found), name=program.name, unoptimized=program.before
    )


def _on_device(program: Lowered) -> dict[str, Any]:
    """What XLA makes of a program for the accelerator that is here, compiled as if it were to run there."""
    try:
        with jax.default_device(device.accelerator()):
            return of_device(program.native().compile(), program.before.target.platform)
    except SymcostError:
        raise
    except Exception as error:
        raise _uncompiled(program.name, program.sizes, program.before.target, summary(error)) from error


def compiled_there(program: Lowered, answer: Answer) -> XlaAnalysis:
    """The program after optimisation, as another process or another compiler than the CPU's has compiled it.

    Raises:
        LoweringError: it could not.
    """
    where, found = program.before.target, answer.found
    if found is None:
        raise _uncompiled(program.name, program.sizes, where, answer.error)
    own = found["own"]
    return XlaAnalysis(
        AFTER,
        where,
        named_counts(own or found["counts"]),
        lambda: found["hlo"],
        Memory(**{name: int(size) for name, size in found["memory"].items()}),
        named_counts(found["counts"]),
        own.get("optimal_seconds"),
        name=program.name,
        note=str(found.get("note", "")),
        unoptimized=program.before,
    )


def _uncompiled(name: str, sizes: Mapping[str, int], where: Target, said: str) -> LoweringError:
    at = f" at {format_sizes(sizes)}" if sizes else ""
    return LoweringError(
        f"XLA cannot compile {name}{at}: {said}",
        where=f"compiling for {where.name}",
        todo=SMALLER,
    )


def _memory(compiled: Any) -> Memory:
    found = compiled.memory_analysis()
    return Memory(**{name: getattr(found, field) for name, field in MEMORY.items()})
