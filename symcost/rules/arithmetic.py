"""What one scalar operation costs, by its name and dtype; every other rule multiplies this.

Floats count in `flops` or `transcendentals`, integers and booleans in `int_ops`. A
complex number is a pair of reals, and a complex operation costs what its textbook
definition in reals costs, written out in `COMPLEX` so that a reader can disagree with
one step. The tests execute these definitions with scalars that count.
"""

from __future__ import annotations

from symcost.errors import RuleError
from symcost.polynomial import Size, total
from symcost.program import is_float, itemsize
from symcost.rules.registry import Cost

TRANSCENDENTALS = (
    *("exp", "exp2", "expm1", "log", "log2", "log1p", "pow", "logistic"),
    *("sqrt", "rsqrt", "cbrt"),
    *("sin", "cos", "tan", "asin", "acos", "atan", "atan2"),
    *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
    *("erf", "erfc", "erf_inv", "lgamma", "digamma", "polygamma", "zeta"),
    *("igamma", "igammac", "igamma_grad_a", "regularized_incomplete_beta", "bessel_i0e", "bessel_i1e"),
)
"""Functions that count one transcendental per real element, however they are evaluated."""

COMPOSED = {
    "one_minus_square": Cost(flops=2),  # x*x, subtracted from 1
    # m + log1p(exp(-|a - b|)), m = max(a, b): max, sub, abs, neg, add; exp, log1p
    "logaddexp": Cost(flops=5, transcendentals=2),
}
"""Real functions that are neither one flop nor one transcendental."""


def _complex(flops: int, transcendentals: int = 0, int_ops: int = 0) -> Cost:
    return Cost(flops=flops, transcendentals=transcendentals, int_ops=int_ops)


# With z = a + bi, w = c + di; r = |z|.
COMPLEX: dict[str, Cost] = {
    "add": _complex(2),
    "add_any": _complex(2),
    "sub": _complex(2),
    "neg": _complex(2),
    "conj": _complex(1),  # -b
    "mul": _complex(6),  # ac - bd, ad + bc
    "square": _complex(6),  # one multiplication
    "integer_pow": _complex(6),  # one multiplication, as integer_pow counts 1 on reals
    "one_minus_square": _complex(8),  # z*z (6); 1 - re, -im (2)
    "div": _complex(11),  # z * conj(w) (6), c*c + d*d (3), two divisions
    "eq": _complex(2, int_ops=1),  # a = c and b = d
    "ne": _complex(2, int_ops=1),
    "eq_to": _complex(2, int_ops=1),
    "compare": _complex(3, int_ops=2),  # a < c or (a = c and b < d)
    "max": _complex(3, int_ops=2),  # one lexicographic comparison
    "min": _complex(3, int_ops=2),
    "clamp": _complex(6, int_ops=4),  # a max and a min
    "abs": _complex(3, 1),  # sqrt(a*a + b*b)
    "sign": _complex(5, 1),  # a/r, b/r
    "exp": _complex(2, 3),  # e^a cos b, e^a sin b
    "exp2": _complex(4, 3),  # exp(z ln 2): 2 + exp
    "expm1": _complex(3, 3),  # exp - 1
    "log": _complex(3, 3),  # log r, atan2(b, a)
    "log2": _complex(5, 3),  # log / ln 2: 2 more
    "log1p": _complex(4, 3),  # 1 + a, then log
    "sin": _complex(2, 4),  # sin a cosh b, cos a sinh b
    "cos": _complex(3, 4),  # cos a cosh b, -(sin a sinh b)
    "tan": _complex(16, 4),  # sin, cos from the same four; then div: 2 + 3 + 11
    "sinh": _complex(2, 4),  # sinh a cos b, cosh a sin b
    "cosh": _complex(2, 4),  # cosh a cos b, sinh a sin b
    "tanh": _complex(15, 4),  # 2 + 2 + 11
    "sqrt": _complex(9, 3),  # r (3, 1); sqrt((r+a)/2), sqrt((r-a)/2) (4, 2); sign of b, times it (2)
    "rsqrt": _complex(12, 3),  # conj(sqrt z) / r, r known from sqrt: 9 + 1 + 2
    "pow": _complex(11, 6),  # exp(w log z): 3 + 6 + 2
    "logistic": _complex(11, 3),  # -z (2), exp (2, 3), 1 + re (1), conj(u)/|u|^2 (1 + 3 + 2)
    "asinh": _complex(21, 6),  # log(z + sqrt(z*z + 1)): 6 + 1 + 9 + 2 + 3
    "asin": _complex(23, 6),  # -i asinh(iz): two negations more
    "acos": _complex(25, 6),  # pi/2 - asin z: two more
    "acosh": _complex(31, 9),  # log(z + sqrt(z+1) sqrt(z-1)): 1 + 9 + 1 + 9 + 6 + 2 + 3
    "atanh": _complex(13, 6),  # (log(1+z) - log(1-z))/2: 1 + 3 + 2 + 3 + 2 + 2
    "atan": _complex(15, 6),  # -i atanh(iz): two negations more
    # -i log((x + iy)/sqrt(x*x + y*y)): iy (1) + (2), squares (12) + (2), sqrt (9, 3), div (11), log (3, 3), -i (1)
    "atan2": _complex(41, 6),
    # larger + log1p(exp(smaller - larger)), ordered by real part: 1 + 2 + exp (2, 3) + log1p (4, 3) + 2
    "logaddexp": _complex(11, 6),
}
"""Real operations in one complex operation."""


def scalar(name: str, dtype: str) -> Cost:
    """The cost of operation `name` on one element of `dtype`.

    Example:
        >>> scalar("mul", "bfloat16").flops, scalar("mul", "complex64").flops, scalar("mul", "int8").int_ops
        (1, 6, 1)
        >>> scalar("tanh", "float32").transcendentals
        1
    """
    if dtype.startswith("complex"):
        return _lookup(name, dtype)
    if dtype.startswith("key<"):  # compared word by word, the verdicts joined
        words = itemsize(dtype) // 4
        return Cost(int_ops=2 * words - 1)
    if not is_float(dtype):
        composed = COMPOSED.get(name)
        return Cost(int_ops=composed.flops if composed else 1)
    if name in COMPOSED:
        return COMPOSED[name]
    return Cost(transcendentals=1) if name in TRANSCENDENTALS else Cost(flops=1)


def _lookup(name: str, dtype: str) -> Cost:
    if name not in COMPLEX:
        raise RuleError(
            f"{name!r} of {dtype} has no count in real operations",
            todo=f"give your own rule for this call: sc.trace(..., rules={{{name!r}: your_rule}})",
        )
    return COMPLEX[name]


def repeat(times: Size, cost: Cost) -> Cost:
    """`cost` executed `times` times; bytes are left to the default (operands and outputs)."""
    return Cost(
        flops=times * cost.flops,
        transcendentals=times * cost.transcendentals,
        int_ops=times * cost.int_ops,
        macs=times * cost.macs,
        unit=cost.unit,
    )


def together(*costs: Cost) -> Cost:
    """The sum of several costs of one operation, on the unit of the first."""
    return Cost(
        flops=total(c.flops for c in costs),
        transcendentals=total(c.transcendentals for c in costs),
        int_ops=total(c.int_ops for c in costs),
        macs=total(c.macs for c in costs),
        unit=costs[0].unit,
    )
