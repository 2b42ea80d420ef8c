"""Jaxprs at concrete sizes -> programs: calls inlined, loops, branches, kernels and reducers kept as regions."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax.core import Tracer
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal, Var

from symcost.capture.calls import CALLS, EXPANDED, expansion, jaxprs_in, without_dead_code
from symcost.capture.forms import Form, dtype_of, make_form, value_of
from symcost.capture.parallel import mesh_axes, parameters
from symcost.capture.scopes import Context, Source, place
from symcost.capture.trips import FOLDABLE, trip_count, with_trip_count
from symcost.errors import GeneralizationError
from symcost.program import Instruction, Program, Value


def is_traced(value: Any) -> bool:
    """Whether JAX knows no more of a value than its shape and type."""
    return isinstance(value, Tracer)


def trace(fn: Callable, args: Sequence[Any], kinds: Sequence[str] = ()) -> Program:
    """Trace `fn(*args)` and return its program.

    Args:
        fn: a JAX callable. args: pytrees of arrays or `jax.ShapeDtypeStruct`.
        kinds: what each flat leaf of `args` is ("argument", "params", ...); default "argument".

    Example:
        >>> x, w = jax.ShapeDtypeStruct((2, 3), "float32"), jax.ShapeDtypeStruct((3, 5), "float32")
        >>> program = trace(lambda x, w: x @ w, [x, w])
        >>> [(op.primitive, op.output.shape) for op in program.ops()]
        [('dot_general', (2, 5))]
    """
    return from_jaxpr(jax.jit(fn).trace(*args).jaxpr, kinds)


def trace_donating(fn: Callable, args: Sequence[Any]) -> Any:
    """``jax.jit(fn).trace(*args)``; what a `jax.jit(f, donate_argnums=...)` inside donates is donated then, too."""
    traced = jax.jit(fn).trace(*args)
    donated = donations(traced.jaxpr.jaxpr)
    if not donated:
        return traced
    leaves, tree = jax.tree.flatten(tuple(args))
    flat = functools.wraps(fn)(lambda *leaves: fn(*jax.tree.unflatten(tree, leaves)))
    return jax.jit(flat, donate_argnums=tuple(donated)).trace(*leaves)


def from_jaxpr(closed: Any, kinds: Sequence[str] = (), *, lines: bool = False) -> Program:
    """The program of a closed jaxpr, dead code removed; with `lines`, operations of different lines are told apart."""
    jaxpr = without_dead_code(closed)
    donated = donations(jaxpr)
    names = list(kinds) or ["argument"] * len(jaxpr.invars)
    if len(names) != len(jaxpr.invars):
        raise ValueError(f"{len(names)} kinds for {len(jaxpr.invars)} arguments")
    program = _Capture({}, lines).program(jaxpr, "", Context(), names)
    program.donated = donated
    return program


def donations(jaxpr: Jaxpr) -> frozenset[int]:
    """Arguments that a program donates: by the `jax.jit(f, donate_argnums=...)` that it is one call of."""
    calls = [eqn for eqn in jaxpr.eqns if any(eqn.params.get("donated_invars", ()))]
    if len(calls) != 1 or len(jaxpr.eqns) != 1:
        return frozenset()
    (call,) = calls
    number = {v: n for n, v in enumerate(jaxpr.invars)}
    pairs = zip(call.invars, call.params["donated_invars"], strict=True)
    return frozenset(number[v] for v, given in pairs if given and not isinstance(v, Literal) and v in number)


class _Capture:
    """One pass over a jaxpr and what is nested in it; `memo` shares templates between equal equations."""

    def __init__(self, memo: dict, lines: bool):
        self.memo, self.lines = memo, lines
        self.scopes: dict[tuple, tuple[str, str, Context]] = {}

    def program(
        self,
        jaxpr: Jaxpr,
        name: str,
        context: Context,
        kinds: Sequence[str] = (),
        caller: Source | None = None,
        expanding: bool = False,
    ) -> Program:
        body = _Body(self, caller, expanding)
        inputs = [*jaxpr.invars, *jaxpr.constvars]
        for v in inputs:
            body.add(v)
        body.run(jaxpr, context)
        return Program(
            inputs=tuple(value_of(v.aval) for v in inputs),
            instructions=tuple(body.instructions),
            outputs=tuple(body.read(v) for v in jaxpr.outvars),
            kinds=(*kinds, *["constant"] * len(jaxpr.constvars)) if kinds else (),
            name=name,
        )

    def place(self, stack, context: Context) -> tuple[str, str, Context]:
        """Scope, phase and inner context of an equation with this name stack."""
        key = (stack, context)
        found = self.scopes.get(key)
        if found is None:
            found = self.scopes[key] = place(stack, context)
        return found


class _Body:
    """The instructions of one program under construction.

    Args:
        caller: the call that is being inlined. expanding: what is inlined is no code of the user's.
    """

    def __init__(self, capture: _Capture, caller: Source | None = None, expanding: bool = False):
        self.capture = capture
        self.caller, self.expanding = caller, expanding
        self.numbers: dict[Var, int | Value] = {}
        self.constants: dict[int, Any] = {}  # value number -> Python number, where the program says it
        self.count = 0
        self.instructions: list[Instruction] = []

    def add(self, var) -> None:
        self.numbers[var] = self.count
        self.count += 1

    def read(self, atom) -> int | Value:
        if isinstance(atom, Literal):
            number = np.asarray(atom.val)
            aval: Any = atom.aval
            return Value(tuple(aval.shape), dtype_of(aval), number.item() if number.shape == () else None)
        return self.numbers[atom]

    def constant(self, atom) -> Any:
        """The number that `atom` is known to be, or None."""
        value = self.read(atom)
        return value.literal if isinstance(value, Value) else self.constants.get(value)

    def run(self, jaxpr: Jaxpr, context: Context) -> None:
        place = self.capture.place
        for eqn in jaxpr.eqns:
            scope, phase, inner = place(eqn.source_info.name_stack, context)
            primitive = eqn.primitive.name
            called = CALLS.get(primitive)
            if called is not None and called in eqn.params:
                self.inline(eqn, eqn.params[called], inner)
            elif primitive in EXPANDED:
                self.expand(eqn, inner)
            else:
                self.append(eqn, scope, phase, inner)

    def source(self, eqn, called: Jaxpr | None = None) -> Source:
        if self.caller is not None and self.expanding:
            return self.caller
        about = getattr(called, "debug_info", None)
        return Source(eqn.source_info, self.caller, getattr(about, "func_src_info", None) or "")

    def inside(self, eqn, jaxpr: Jaxpr, context: Context, expanding: bool = False) -> None:
        """Run the equations of what `eqn` calls."""
        outer = self.caller, self.expanding
        self.caller, self.expanding = self.source(eqn, jaxpr), self.expanding or expanding
        self.run(jaxpr, context)
        self.caller, self.expanding = outer
        for var, atom in zip(eqn.outvars, jaxpr.outvars, strict=True):
            self.numbers[var] = self.read(atom)

    def inline(self, eqn, called, context: Context) -> None:
        """Run the called jaxpr's equations in place of the call."""
        jaxpr = called.jaxpr if isinstance(called, ClosedJaxpr) else called
        # The same jaxpr may be inlined again: its variables are then numbered anew before they are read.
        arguments = [self.read(a) for a in eqn.invars]
        for var, value in zip(jaxpr.invars, arguments, strict=True):
            self.numbers[var] = value
        if jaxpr.constvars:
            raise GeneralizationError(
                f"the call {eqn.primitive.name!r} has open constants", where=str(Source(eqn.source_info))
            )
        self.inside(eqn, jaxpr, context)

    def expand(self, eqn, context: Context) -> None:
        """Run the equations of JAX's own definition of a primitive in its place."""
        jaxpr = expansion(eqn)
        for var, atom in zip(jaxpr.invars, eqn.invars, strict=True):
            self.numbers[var] = self.read(atom)
        for var in jaxpr.constvars:
            self.numbers[var] = value_of(var.aval)
        self.inside(eqn, jaxpr, context, expanding=True)

    def append(self, eqn, scope: str, phase: str, inner: Context) -> None:
        form = self.form(eqn, parameters(eqn, inner.axes))
        axes = mesh_axes(eqn)
        if axes:
            inner = dataclasses.replace(inner, axes=(*inner.axes, *axes))
        source = self.source(eqn)
        line = source.own if self.capture.lines else ""
        template, slots = form.template(eqn.primitive.name, scope, phase, line), form.slots
        regions = self.regions(eqn, form.regions, inner, source) if form.regions else ()
        if eqn.primitive.name == "while":
            template, slots = with_trip_count(template, slots, trip_count(eqn, self.constant))
        self.instructions.append(
            Instruction(
                template,
                slots,
                tuple(self.read(a) for a in eqn.invars),
                self.count,
                regions,
                source,
            )
        )
        self.fold(eqn)
        for var in eqn.outvars:
            self.add(var)

    def form(self, eqn, own: Mapping[str, Any]) -> Form:
        """What the equation is, wherever it stands; equal equations share it."""
        memo = self.capture.memo
        try:
            key = (eqn.primitive, tuple(v.aval for v in eqn.outvars), tuple(own.values()))
            found = memo.get(key)
        except TypeError:  # a parameter that does not hash
            return make_form(eqn, own)
        if found is None:
            found = memo[key] = make_form(eqn, own)
        return found

    def regions(self, eqn, names: Sequence[str], context: Context, source: Source) -> tuple[Program, ...]:
        params = eqn.params
        found = []
        for name in names:
            parameter, _, attribute = name.partition(".")
            jaxprs = jaxprs_in(getattr(params[parameter], attribute) if attribute else params[parameter])
            for i, jaxpr in enumerate(jaxprs):
                label = name.removesuffix("_jaxpr") if len(jaxprs) == 1 else f"{name}[{i}]"
                found.append(self.capture.program(jaxpr, label, context, (), source, self.expanding))
        return tuple(found)

    # -- trip counts that the program says ------------------------------------------
    def fold(self, eqn) -> None:
        """Remember integer scalars that follow from literals, for the trip counts of `while`."""
        if len(eqn.outvars) != 1 or getattr(eqn.outvars[0].aval, "shape", None) != ():
            return
        operation = FOLDABLE.get(eqn.primitive.name)
        if operation is None:
            return
        numbers_ = [self.constant(a) for a in eqn.invars]
        if all(isinstance(n, int) and not isinstance(n, bool) for n in numbers_):
            self.constants[self.count] = operation(*numbers_)
