"""An equation without its place: dtypes, parameters as plain data, and the integers taken out of both."""

from __future__ import annotations

import dataclasses
import enum
import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np

from symcost.capture.calls import REGIONS, jaxprs_in
from symcost.program import Record, SkeletonBuilder, Template, Value


def value_of(aval: Any) -> Value:
    """An abstract value of JAX as a `Value`."""
    return Value(tuple(getattr(aval, "shape", ())), dtype_of(aval))


_DTYPES: dict[Any, str] = {}
"""Names of the dtypes met so far: numpy takes as long to make one as all the rest about an equation takes."""


def dtype_of(aval: Any) -> str:
    """numpy's name of its dtype; "token" for what has none and for semaphores of kernels."""
    dtype = getattr(aval, "dtype", None)
    if dtype is None:
        return "token"
    name = _DTYPES.get(dtype)
    if name is None:
        semaphore = not isinstance(dtype, np.dtype) and not str(dtype).startswith("key<")
        name = _DTYPES[dtype] = "token" if semaphore else str(dtype)
    return name


class Form:
    """An equation without its place: what the templates of the same equation in all modules have in common."""

    __slots__ = ("outputs", "params", "regions", "slots", "templates")

    def __init__(self, outputs: tuple, params: tuple, slots: tuple[int, ...], regions: tuple[str, ...]):
        self.outputs, self.params, self.slots = outputs, params, slots
        self.regions = regions  # names of the parameters that hold nested programs
        self.templates: dict[tuple[str, str, str], Template] = {}

    def template(self, primitive: str, scope: str, phase: str, line: str = "") -> Template:
        """The template of the equation where it stands."""
        found = self.templates.get((scope, phase, line))
        if found is None:
            found = Template(primitive, self.outputs, self.params, scope, phase, line)
            self.templates[scope, phase, line] = found
        return found


def make_form(eqn, own: Mapping[str, Any]) -> Form:
    """The form of an equation whose parameters (as far as rules need them) are `own`."""
    builder = SkeletonBuilder()
    outputs = []
    for v in eqn.outvars:
        shape = tuple(getattr(v.aval, "shape", ()))
        builder.dims(shape)
        outputs.append((len(shape), dtype_of(v.aval)))
    params, nested = [], []
    for name, value in sorted(own.items()):
        if jaxprs_in(value):
            nested.append(name)
            continue
        plain = _plain(value)
        if plain is not _DROPPED:
            params.append((name, builder.take(plain)))
    regions = REGIONS.get(eqn.primitive.name, tuple(nested))
    return Form(tuple(outputs), tuple(params), tuple(builder.slots), regions)


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
