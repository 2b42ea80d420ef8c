"""A JAX function at concrete sizes -> `Program`. The only file that knows jaxprs.

Dead code is removed first, as `jit` does before XLA sees a program. Calls (`jit`,
`custom_jvp_call`, `remat2` ...) are inlined; loops, branches and reducers stay as
regions. Names of primitives and of their parameters are JAX's own.

Written against jax 0.10 - 0.12. What depends on the release: `NameStack` elements
(`Scope`, `Transform`), the parameter names in `_CALLS` and `_REGIONS`, and
`source_info_util.user_frames`.
"""

from __future__ import annotations

import dataclasses
import enum
import numbers
from collections.abc import Callable, Sequence
from types import CodeType
from typing import Any

import jax
import numpy as np
from jax._src import source_info_util
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal, Var
from jax.interpreters import partial_eval

from symcost.errors import GeneralizationError
from symcost.program import Instruction, Program, Record, SkeletonBuilder, Template, Value

UPDATE_SCOPE = "symcost_update"
"""Name scope that `trace_training` puts around the optimizer; becomes the phase "update"."""

_CALLS: dict[str, str] = {
    "jit": "jaxpr",
    "pjit": "jaxpr",
    "closed_call": "call_jaxpr",
    "core_call": "call_jaxpr",
    "custom_jvp_call": "call_jaxpr",
    "custom_vjp_call": "call_jaxpr",
    "custom_vjp_call_jaxpr": "fun_jaxpr",
    "remat2": "jaxpr",
    "checkpoint": "jaxpr",
    "custom_lin": "call_jaxpr",
    "run_state": "jaxpr",
    "composite": "jaxpr",
    "hijax_call": "jaxpr",
    "custom_vmap_call": "call",
    "linear_call": "callee",
    "xla_metadata_call": "jaxpr",
    "remat_opt": "fwd_jaxpr",
}
"""Primitives that only call a jaxpr, and the parameter that holds it: inlined."""

_REGIONS: dict[str, tuple[str, ...]] = {
    "scan": ("jaxpr",),
    "while": ("cond_jaxpr", "body_jaxpr"),
    "cond": ("branches",),
    "custom_linear_solve": ("jaxprs.solve",),  # matvec and transpose_solve only serve differentiation
}
"""Parameters that hold nested programs, in the order in which rules see them; others in alphabetical order."""


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


def from_jaxpr(closed: Any, kinds: Sequence[str] = ()) -> Program:
    """The program of a closed jaxpr, dead code removed."""
    jaxpr, _ = partial_eval.dce_jaxpr(closed.jaxpr, [True] * len(closed.jaxpr.outvars), instantiate=True)
    names = list(kinds) or ["argument"] * len(jaxpr.invars)
    if len(names) != len(jaxpr.invars):
        raise ValueError(f"{len(names)} kinds for {len(jaxpr.invars)} arguments")
    return _Capture({}).program(jaxpr, "", _Context(), names)


def user_code(program: Program) -> list[CodeType]:
    """Code objects of the user's own functions that were running when the program's operations were traced."""
    seen: dict[CodeType, None] = {}
    for instruction in program.walk():
        info = getattr(instruction.source, "info", None)
        if info is not None and info.traceback is not None:
            codes, _ = info.traceback.raw_frames()
            seen.update(dict.fromkeys(c for c in codes if not _is_library(c.co_filename)))
    return [code for code in seen if code.co_name != "<module>"]


@dataclasses.dataclass(frozen=True, slots=True)
class _Context:
    """Where an inlined or nested jaxpr stands: module path, transforms around it."""

    scope: tuple[str, ...] = ()
    transforms: frozenset[str] = frozenset()


class _Source:
    """The user's line of an equation, looked up only when it is printed."""

    __slots__ = ("info",)

    def __init__(self, info):
        self.info = info

    @property
    def innermost(self) -> str:
        """``file:line:column`` of the innermost frame outside of JAX, the one that lowering writes into HLO."""
        for frame in source_info_util.user_frames(self.info.traceback):
            return f"{frame.file_name}:{frame.start_line}:{frame.start_column}"
        return ""

    def __str__(self) -> str:
        frames = list(source_info_util.user_frames(self.info.traceback))
        own = [f for f in frames if not _is_library(f.file_name)]
        for frame in own or frames[:1]:
            return f"{frame.file_name}:{frame.start_line} ({frame.function_name})"
        return ""


def _is_library(path: str) -> bool:
    parts = path.replace("\\", "/").split("/")
    return "site-packages" in parts or "symcost" in parts[-4:-1] or path.startswith("<")


class _Capture:
    """One pass over a jaxpr and what is nested in it; `memo` shares templates between equal equations."""

    def __init__(self, memo: dict):
        self.memo = memo
        self.scopes: dict[tuple, tuple[str, str, _Context]] = {}

    def program(self, jaxpr: Jaxpr, name: str, context: _Context, kinds: Sequence[str] = ()) -> Program:
        body = _Body(self)
        inputs = [*jaxpr.invars, *jaxpr.constvars]
        for v in inputs:
            body.add(v)
        body.run(jaxpr, context)
        return Program(
            inputs=tuple(_value(v.aval) for v in inputs),
            instructions=tuple(body.instructions),
            outputs=tuple(body.read(v) for v in jaxpr.outvars),
            kinds=(*kinds, *["constant"] * len(jaxpr.constvars)) if kinds else (),
            name=name,
        )

    def place(self, stack, context: _Context) -> tuple[str, str, _Context]:
        """Scope, phase and inner context of an equation with this name stack."""
        key = (stack, context)
        found = self.scopes.get(key)
        if found is None:
            found = self.scopes[key] = _place(stack, context)
        return found


class _Body:
    """The instructions of one program under construction."""

    def __init__(self, capture: _Capture):
        self.capture = capture
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
            return Value(tuple(aval.shape), _dtype(aval), number.item() if number.shape == () else None)
        return self.numbers[atom]

    def constant(self, atom) -> Any:
        """The number that `atom` is known to be, or None."""
        value = self.read(atom)
        return value.literal if isinstance(value, Value) else self.constants.get(value)

    def run(self, jaxpr: Jaxpr, context: _Context) -> None:
        place = self.capture.place
        for eqn in jaxpr.eqns:
            scope, phase, inner = place(eqn.source_info.name_stack, context)
            called = _CALLS.get(eqn.primitive.name)
            if called is not None and called in eqn.params:
                self.inline(eqn, eqn.params[called], inner)
            else:
                self.append(eqn, scope, phase, inner)

    def inline(self, eqn, called, context: _Context) -> None:
        """Run the called jaxpr's equations in place of the call."""
        jaxpr = called.jaxpr if isinstance(called, ClosedJaxpr) else called
        # The same jaxpr may be inlined again: its variables are then numbered anew before they are read.
        arguments = [self.read(a) for a in eqn.invars]
        for var, value in zip(jaxpr.invars, arguments, strict=True):
            self.numbers[var] = value
        if jaxpr.constvars:
            raise GeneralizationError(
                f"the call {eqn.primitive.name!r} has open constants", where=str(_Source(eqn.source_info))
            )
        self.run(jaxpr, context)
        for var, atom in zip(eqn.outvars, jaxpr.outvars, strict=True):
            self.numbers[var] = self.read(atom)

    def append(self, eqn, scope: str, phase: str, inner: _Context) -> None:
        form = self.form(eqn)
        template, slots = form.template(eqn.primitive.name, scope, phase), form.slots
        regions = self.regions(eqn, form.regions, inner) if form.regions else ()
        if eqn.primitive.name == "while":
            template, slots = _with_trip_count(template, slots, self.trip_count(eqn))
        self.instructions.append(
            Instruction(
                template,
                slots,
                tuple(self.read(a) for a in eqn.invars),
                self.count,
                regions,
                _Source(eqn.source_info),
            )
        )
        self.fold(eqn)
        for var in eqn.outvars:
            self.add(var)

    def form(self, eqn) -> _Form:
        """What the equation is, wherever it stands; equal equations share it."""
        memo = self.capture.memo
        try:
            key = (eqn.primitive, tuple(v.aval for v in eqn.outvars), tuple(eqn.params.values()))
            found = memo.get(key)
        except TypeError:  # a parameter that does not hash
            return _form(eqn)
        if found is None:
            found = memo[key] = _form(eqn)
        return found

    def regions(self, eqn, names: Sequence[str], context: _Context) -> tuple[Program, ...]:
        params = eqn.params
        found = []
        for name in names:
            parameter, _, attribute = name.partition(".")
            jaxprs = _jaxprs(getattr(params[parameter], attribute) if attribute else params[parameter])
            for i, jaxpr in enumerate(jaxprs):
                label = name.removesuffix("_jaxpr") if len(jaxprs) == 1 else f"{name}[{i}]"
                found.append(self.capture.program(jaxpr, label, context))
        return tuple(found)

    # -- trip counts that the program says ------------------------------------------
    def fold(self, eqn) -> None:
        """Remember integer scalars that follow from literals, for the trip counts of `while`."""
        if len(eqn.outvars) != 1 or getattr(eqn.outvars[0].aval, "shape", None) != ():
            return
        operation = _FOLDABLE.get(eqn.primitive.name)
        if operation is None:
            return
        numbers_ = [self.constant(a) for a in eqn.invars]
        if all(isinstance(n, int) and not isinstance(n, bool) for n in numbers_):
            self.constants[self.count] = operation(*numbers_)

    def trip_count(self, eqn) -> int | None:
        """Iterations of a `while` whose counter starts, steps and stops at known integers, else None."""
        params = eqn.params
        cond, body = params["cond_jaxpr"].jaxpr, params["body_jaxpr"].jaxpr
        n_cond, n_body = params["cond_nconsts"], params["body_nconsts"]
        if len(cond.eqns) != 1 or cond.eqns[0].primitive.name not in _COMPARE:
            return None
        compare = cond.eqns[0]
        if cond.outvars[0] is not compare.outvars[0]:
            return None
        carried = list(eqn.invars[n_cond + n_body :])

        def operand(atom) -> tuple[str, Any]:
            if isinstance(atom, Literal):
                return "known", np.asarray(atom.val).item()
            index = cond.invars.index(atom)
            if index < n_cond:
                return "known", self.constant(eqn.invars[index])
            index -= n_cond
            if body.outvars[index] is body.invars[n_body + index]:  # carried through unchanged
                return "known", self.constant(carried[index])
            return "counter", index

        sides = [operand(a) for a in compare.invars]
        if sorted(kind for kind, _ in sides) != ["counter", "known"]:
            return None
        (index,) = (value for kind, value in sides if kind == "counter")
        (limit,) = (value for kind, value in sides if kind == "known")
        start, step = self.constant(carried[index]), _step(body, n_body + index, index)
        if step is None or not all(isinstance(n, int) and not isinstance(n, bool) for n in (start, step, limit)):
            return None
        relation = _COMPARE[compare.primitive.name]
        if sides[0][0] == "known":
            relation = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}[relation]
        return _iterations(start, step, relation, limit)


_COMPARE = {"lt": "<", "gt": ">", "le": "<=", "ge": ">="}
_FOLDABLE: dict[str, Callable[..., int]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "max": max,
    "min": min,
    "convert_element_type": lambda a: a,
    "copy": lambda a: a,
}


def _step(body: Jaxpr, position: int, index: int) -> int | None:
    """What the body adds to its counter in one iteration, if that is a literal."""
    counter, result = body.invars[position], body.outvars[index]
    for eqn in body.eqns:
        if eqn.outvars[0] is result and eqn.primitive.name in ("add", "sub"):
            a, b = eqn.invars
            if a is counter and isinstance(b, Literal):
                step = np.asarray(b.val).item()
                return step if eqn.primitive.name == "add" else -step
            if b is counter and isinstance(a, Literal) and eqn.primitive.name == "add":
                return np.asarray(a.val).item()
    return None


def _iterations(start: int, step: int, relation: str, limit: int) -> int | None:
    if relation in (">", ">="):
        start, step, limit = -start, -step, -limit
        relation = "<" if relation == ">" else "<="
    if relation == "<=":
        limit += 1
    if start >= limit:
        return 0
    return None if step <= 0 else -((start - limit) // step)


def _with_trip_count(template: Template, slots: tuple[int, ...], count: int | None):
    builder = SkeletonBuilder()
    builder.slots = list(slots)
    params = (*template.params, ("trip_count", builder.take(count)))
    return (
        Template(template.primitive, template.outputs, params, template.scope, template.phase),
        tuple(builder.slots),
    )


def _jaxprs(value: Any) -> list[Jaxpr]:
    """Jaxprs in a parameter: one, a sequence of them, or none."""
    if isinstance(value, ClosedJaxpr):
        return [value.jaxpr]
    if isinstance(value, Jaxpr):
        return [value]
    if isinstance(value, (tuple, list)) and value and all(isinstance(v, (ClosedJaxpr, Jaxpr)) for v in value):
        return [j for v in value for j in _jaxprs(v)]
    return []


def _value(aval: Any) -> Value:
    return Value(tuple(getattr(aval, "shape", ())), _dtype(aval))


_DTYPES: dict[Any, str] = {}
"""Names of the dtypes met so far: numpy takes as long to make one as all the rest about an equation takes."""


def _dtype(aval: Any) -> str:
    dtype = getattr(aval, "dtype", None)
    if dtype is None:
        return "token"
    name = _DTYPES.get(dtype)
    if name is None:
        name = _DTYPES[dtype] = str(dtype)
    return name


class _Form:
    """An equation without its place: what the templates of the same equation in all modules have in common."""

    __slots__ = ("outputs", "params", "regions", "slots", "templates")

    def __init__(self, outputs: tuple, params: tuple, slots: tuple[int, ...], regions: tuple[str, ...]):
        self.outputs, self.params, self.slots = outputs, params, slots
        self.regions = regions  # names of the parameters that hold nested programs
        self.templates: dict[tuple[str, str], Template] = {}

    def template(self, primitive: str, scope: str, phase: str) -> Template:
        """The template of the equation where it stands."""
        found = self.templates.get((scope, phase))
        if found is None:
            found = self.templates[scope, phase] = Template(primitive, self.outputs, self.params, scope, phase)
        return found


def _form(eqn) -> _Form:
    builder = SkeletonBuilder()
    outputs = []
    for v in eqn.outvars:
        shape = tuple(getattr(v.aval, "shape", ()))
        builder.dims(shape)
        outputs.append((len(shape), _dtype(v.aval)))
    params, nested = [], []
    for name, value in sorted(eqn.params.items()):
        if _jaxprs(value):
            nested.append(name)
            continue
        plain = _plain(value)
        if plain is not _DROPPED:
            params.append((name, builder.take(plain)))
    regions = _REGIONS.get(eqn.primitive.name, tuple(nested))
    return _Form(tuple(outputs), tuple(params), tuple(builder.slots), regions)


_DROPPED = object()


def _plain(value: Any) -> Any:
    """A parameter as plain data; `_DROPPED` for functions, shardings and other objects that rules do not read."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, enum.Enum):  # before the integers: JAX's enumerations may be both
        return value.name
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return _DROPPED  # may follow a size (1/sqrt(width)), and no cost depends on it
    if isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, np.generic)):
        return str(np.dtype(value))
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return _record(dict(zip(value._fields, value, strict=True)))  # type: ignore[attr-defined]
    if isinstance(value, (tuple, list)):
        items = [_plain(v) for v in value]
        return tuple(None if i is _DROPPED else i for i in items)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _record({f.name: getattr(value, f.name) for f in dataclasses.fields(value)})
    if type(value).__module__.startswith("jax") and hasattr(value, "name") and hasattr(value, "itemsize"):
        return str(value)  # extended dtypes (keys)
    return _DROPPED


def _record(fields: dict[str, Any]) -> Record:
    plain = {k: _plain(v) for k, v in fields.items()}
    return Record(tuple((k, v) for k, v in plain.items() if v is not _DROPPED))


def _place(stack, context: _Context) -> tuple[str, str, _Context]:
    scopes, transforms = list(context.scope), set(context.transforms)
    dotted = False  # the last scope was "Module.method"; Flax then names the module once more
    repeat_from = len(scopes)  # scopes before the last transform
    for element in stack.stack:
        name = element.name
        if type(element).__name__ == "Transform" or name in _MARKS:
            transforms.add(name)
            repeat_from = len(scopes)
            continue
        for part in filter(None, name.split("/")):
            if "->" in part:  # jnp.einsum names a scope after its subscripts
                continue
            module, dot, _ = part.partition(".")
            if not (dotted and scopes[-1] == module):
                scopes.append(module)
            dotted = bool(dot)
    # Differentiating `remat` names the outer path once more behind its transforms.
    before, after = scopes[:repeat_from], scopes[repeat_from:]
    if before and after[: len(before)] == before:
        scopes = after
    if UPDATE_SCOPE in transforms:
        phase = "update"
    elif "rematted_computation" in transforms:
        phase = "recomputed"
    elif "transpose" in transforms:
        phase = "backward"
    else:
        phase = "forward"
    return "/".join(scopes), phase, _Context(tuple(scopes), frozenset(transforms))


_MARKS = ("rematted_computation", "checkpoint", UPDATE_SCOPE)
"""Scopes that say how a computation came about, not where it stands."""
