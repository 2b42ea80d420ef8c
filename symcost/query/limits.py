"""What a file of a cost may hold: bounds far above any real cost, so that reading one takes bounded time and memory."""

from __future__ import annotations

FORMAT, VERSION = "symcost cost", 1

BYTES = 64 * 2**20
"""Of a file. The gradient of ResNet-50 with all of its quantities takes about 1 MB."""

ATOMS, SIZES, TERMS, ROWS = 200_000, 400_000, 4_000_000, 400_000
"""Functions and symbols, formulas, terms of all formulas together, rows."""

FACTORS = 64
"""Different factors of a term."""

EXPONENT = 64
"""Of a symbol or function in a term."""

DEPTH = 64
"""Functions inside of functions."""

DIGITS = 2_000
"""Decimal digits of an integer."""

TEXT = 10_000
"""Characters of a name, a path or a sentence."""

TAPS = 2**20
"""Sizes written as numbers in a count of convolution taps, which takes as many steps as the kernel has taps."""

ARITY = {
    "floor_div": (2, 2),
    "maximum": (1, 10_000),
    "minimum": (1, 10_000),
    "ceil_log2": (1, 1),
    "floor_log2": (1, 1),
    "indicator": (2, 2),
    "conv_taps": (7, 7),
    "power": (2, 2),
}
"""How many arguments a function of sizes has, at least and at most."""
