"""Where an equation stands: module path, phase, the user's line, and the mesh axes around it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from types import CodeType

from jax._src import source_info_util

from symcost.program import Program

UPDATE_SCOPE = "symcost_update"
"""Name scope that `trace_training` puts around the optimizer; becomes the phase "update"."""


@dataclasses.dataclass(frozen=True, slots=True)
class Context:
    """Where an inlined or nested jaxpr stands.

    Attributes:
        scope: module path. transforms: name stack elements around it that are no scopes.
        axes: mesh axes that collectives inside may name, and their sizes.
    """

    scope: tuple[str, ...] = ()
    transforms: frozenset[str] = frozenset()
    axes: tuple[tuple[str, int], ...] = ()


class Source:
    """The user's line of an equation, looked up only when it is printed.

    Args:
        info: JAX's source info. caller: of the call that was inlined; JAX knows no line of the user's inside the
            calls that it makes itself (`jax.random.normal` is a jitted function).
        function: what JAX knows of the function called, for calls that have lost their line to a transformation.
    """

    __slots__ = ("_own", "caller", "function", "info")

    def __init__(self, info, caller: Source | None = None, function: str = ""):
        self.info, self.caller, self.function = info, caller, function
        self._own: str | None = None

    @property
    def innermost(self) -> str:
        """``file:line:column`` of the innermost frame outside of JAX, the one that lowering writes into HLO."""
        for frame in source_info_util.user_frames(self.info.traceback):
            return f"{frame.file_name}:{frame.start_line}:{frame.start_column}"
        return ""

    def __str__(self) -> str:
        frames = list(source_info_util.user_frames(self.info.traceback))
        own = [f for f in frames if not is_library(f.file_name)]
        for frame in own or frames[:1]:
            return f"{frame.file_name}:{frame.start_line} ({frame.function_name})"
        return str(self.caller or "") or self._definition()

    @property
    def own(self) -> str:
        """``file:line (function)`` of the innermost frame of the user's own code.

        JAX knows of an equation in a jitted function only what happened inside of that function, which may be called
        from many lines; where no code of the user's is in there, it is the line of the call that counts. What a
        library calls has the line of a library only if no line of the user's is on the way there.
        """
        if self._own is None:
            frames = [f for source in self._calls() for f in source._frames()]
            library = next((line for path, line in frames if not _is_symcost(path)), "")
            self._own = next((line for path, line in frames if is_own(path)), library)
        return self._own

    def _calls(self) -> Iterator[Source]:
        """The equation and the calls around it, from the inside."""
        source: Source | None = self
        while source is not None:
            yield source
            source = source.caller

    def _frames(self) -> Iterator[tuple[str, str]]:
        """File and line, from the inside."""
        for frame in source_info_util.user_frames(self.info.traceback):
            yield frame.file_name, f"{frame.file_name}:{frame.start_line} ({frame.function_name})"
        definition = self._definition()
        if definition:
            yield definition.rpartition(":")[0], definition

    def _definition(self) -> str:
        name, at, place = self.function.partition(" at ")
        return f"{place} ({name})" if at and not is_library(place) else ""


def is_library(path: str) -> bool:
    parts = path.replace("\\", "/").split("/")
    return "site-packages" in parts or "symcost" in parts[-4:-1] or path.startswith("<")


def is_own(path: str) -> bool:
    """Whether code is the user's, models of the zoo and what was typed in among it."""
    if path.startswith("<"):
        return not path.startswith(("<frozen", "<string>"))
    return not is_library(path) or path.replace("\\", "/").split("/")[-3:-1] == ["symcost", "zoo"]


def _is_symcost(path: str) -> bool:
    """Whether code is symcost's own, models of the zoo apart."""
    return is_library(path) and not is_own(path) and "symcost" in path.replace("\\", "/").split("/")[-4:-1]


def user_code(program: Program) -> list[CodeType]:
    """Code objects of the user's own functions that were running when the program's operations were traced."""
    seen: dict[CodeType, None] = {}
    for instruction in program.walk():
        info = getattr(instruction.source, "info", None)
        if info is not None and info.traceback is not None:
            codes, _ = info.traceback.raw_frames()
            seen.update(dict.fromkeys(c for c in codes if not is_library(c.co_filename)))
    return [code for code in seen if code.co_name != "<module>"]


def place(stack, context: Context) -> tuple[str, str, Context]:
    """Scope, phase and inner context of an equation with this name stack."""
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
    return "/".join(scopes), phase, dataclasses.replace(context, scope=tuple(scopes), transforms=frozenset(transforms))


_MARKS = ("rematted_computation", "checkpoint", UPDATE_SCOPE)
"""Scopes that say how a computation came about, not where it stands."""
