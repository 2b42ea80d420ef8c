"""What an HLO instruction's `op_name` says: module path, phase and JAX primitive.

JAX writes the name stack and the primitive into every instruction, as in
``jit(loss)/transpose(jvp(Net))/Dense_0/dot_general``. Elements are wrapped in the
transforms that produced them; lowering itself adds words of its own for loops and
branches (``while/body``, ``cond/branch_0_fun``). What remains when both are taken
away is the module path, the same that `symcost.capture` reads from the jaxpr.

Written against jax 0.10 - 0.12. What depends on the release: the words in `_LOWERING`.

Example:
    >>> read("jit(f)/transpose(jvp(Net))/while/body/Dense_0/dot_general", Frame())
    OpName(scope='Net/Dense_0', phase='backward', primitive='dot_general')
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a called computation stands: its own names are relative to this.

    Attributes:
        scopes: module path of the caller. transforms: transforms and marks around it.
        primitive: the JAX primitive that the whole computation implements, or "".
    """

    scopes: tuple[str, ...] = ()
    transforms: frozenset[str] = frozenset()
    primitive: str = ""


@dataclass(frozen=True, slots=True)
class OpName:
    """An `op_name` taken apart.

    Attributes:
        scope: module path, `/`-separated. primitive: JAX's name, "" where unknown.
        phase: "forward", "backward", "recomputed" or "update".
    """

    scope: str
    phase: str
    primitive: str


_MARKS = ("rematted_computation", "checkpoint", "symcost_update")
"""Scopes that say how a computation came about, not where it stands."""

_LOWERING = re.compile(r"/(?:while/(?:body|cond|body_pred)|cond/branch_\d+_fun|eval_jaxpr|closed_call|core_call)(?=/)")
"""Words that JAX's lowering of control flow and calls writes between scopes."""

_WRAPPED = re.compile(r"^([\w-]+)\((.*)\)$")
_CALLS = ("jit", "pjit", "pmap", "shard_map", "xla_call")
"""Wrappers around the name of a function, which is no module."""

_CLOSED = ("closed_call", "core_call", "checkpoint", "remat2", "custom_jvp_call", "custom_vjp_call", "call")
"""Calls that JAX makes without naming a function."""


def read(op_name: str, frame: Frame) -> OpName:
    """The parts of an instruction's `op_name` inside `frame`."""
    # Where lowering merged equal operations, the names of all are listed; the first has the result.
    path, _, primitive = op_name.partition(";")[0].rpartition("/")
    inner = _enter(path, frame)
    if primitive.endswith(")"):
        primitive = "jit"  # the call of a function
    return OpName("/".join(inner.scopes), _phase(inner.transforms), frame.primitive or primitive)


def enter_call(op_name: str, frame: Frame, computation: str) -> Frame:
    """The frame of `computation`, called by the instruction `op_name` inside `frame`.

    A call of a user's function ends in ``jit(name)`` (or ``closed_call``). Otherwise JAX has
    put the lowering of one primitive into a function of that name, and `op_name` is its scope.
    """
    op_name = op_name.partition(";")[0]
    inner = _enter(op_name, frame)
    computation = re.sub(r"\.\d+$", "", computation)
    primitive = re.sub(r"_\d+$", "", computation)
    function = re.sub(r"\W", "_", op_name.rpartition("(")[2].rstrip(")")) if op_name.endswith(")") else ""
    if frame.primitive or primitive in _CLOSED or op_name.endswith(_CLOSED) or function in (computation, primitive):
        return inner
    return replace(inner, primitive=primitive)


@lru_cache(maxsize=4096)
def _enter(path: str, frame: Frame) -> Frame:
    """The frame of what stands at `path` inside `frame`."""
    scopes, transforms = list(frame.scopes), set(frame.transforms)
    dotted = False  # the last scope was "Module.method"; Flax then names the module once more
    outer = list(scopes)  # scopes before the last transform
    for word in _words(_LOWERING.sub("", f"/{path}/")):
        while (wrapped := _WRAPPED.match(word)) is not None:
            transform, word = wrapped.groups()
            if transform in _CALLS:
                word = ""
                break
            transforms.add(transform)
            outer = scopes = _without_repetition(outer, scopes)
        if word in _MARKS:
            transforms.add(word)
            outer = scopes = _without_repetition(outer, scopes)
            continue
        for part in filter(None, word.split("/")):
            if "->" in part:
                continue  # the equation of an einsum
            module, dot, _ = part.partition(".")
            if not (dotted and scopes[-1] == module):
                scopes = [*scopes, module]
            dotted = bool(dot)
    return Frame(tuple(_without_repetition(outer, scopes)), frozenset(transforms), frame.primitive)


def _without_repetition(outer: list[str], scopes: list[str]) -> list[str]:
    """Differentiating `remat` names the outer path once more behind its transforms: once is enough."""
    inner = scopes[len(outer) :]
    return inner if outer and inner[: len(outer)] == outer else scopes


def _words(path: str) -> list[str]:
    """`path` at its slashes, except those inside parentheses (a transform of the scope "a/b")."""
    words: list[str] = []
    open_ = ""
    for part in path.split("/"):
        word = f"{open_}/{part}" if open_ else part
        if word.count("(") > word.count(")"):
            open_ = word
        else:
            open_ = ""
            if word:
                words.append(word)
    return [*words, open_] if open_ else words


def _phase(transforms: frozenset[str]) -> str:
    if "symcost_update" in transforms:
        return "update"
    if "rematted_computation" in transforms:
        return "recomputed"
    return "backward" if "transpose" in transforms else "forward"
