"""Randomly composed JAX programs: ``program(seed)`` is one of them, the same in every run and at all of its sizes."""

from tests.hlo.random import arrays, control, indexing, scalars, windows
from tests.hlo.random.generator import Random as Random
from tests.hlo.random.generator import program as program

__all__ = ["Random", "arrays", "control", "indexing", "program", "scalars", "windows"]
