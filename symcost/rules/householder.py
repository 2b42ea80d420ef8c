"""Counts of orthogonal factorizations, summed over Householder reflectors.

The two building blocks, with v[0] = 1 (Golub and Van Loan, Matrix Computations, 4th ed.,
section 5.1). Roots and divisions are counted among the multiplications, as LAPACK
Working Note 41 does.

1. The reflector of a vector of length p: the norm (p multiplications, p - 1 additions, a
   root), x[0] minus the signed norm (1 addition), tau (1 division), v (p - 1 divisions):
   2p + 1 multiplications, p additions.
2. Applying it to one vector: v.c (p - 1 and p - 1), times tau (1), c - tau (v.c) v (p - 1
   and p): 2p - 1 multiplications, 2p - 1 additions.
"""

from __future__ import annotations

from dataclasses import dataclass

from symcost.polynomial import Size
from symcost.rules.extent import folds, pyramid, triangle
from symcost.rules.registry import Cost


@dataclass(frozen=True, slots=True)
class Operations:
    """Multiplications (divisions and roots among them) and additions of an algorithm on scalars."""

    multiplications: Size = 0
    additions: Size = 0

    def __add__(self, other: Operations) -> Operations:
        return Operations(self.multiplications + other.multiplications, self.additions + other.additions)

    def __mul__(self, times: Size) -> Operations:
        return Operations(times * self.multiplications, times * self.additions)

    def cost(self, dtype: str) -> Cost:
        """As flops: one each, or 6 and 2 on complex numbers (LAPACK Working Note 41)."""
        if dtype.startswith("complex"):
            return Cost(flops=6 * self.multiplications + 2 * self.additions)
        return Cost(flops=self.multiplications + self.additions)


def reflectors(steps: Size, first: Size) -> Operations:
    """`steps` reflectors of lengths first, first - 1, first - 2 ..."""
    lengths = steps * first - triangle(steps)
    return Operations(2 * lengths + steps, lengths)


def applications(steps: Size, first: Size, columns: Size, fixed: bool = False) -> Operations:
    """Reflectors of lengths first, first - 1 ... applied to columns, columns - 1 ... vectors.

    With `fixed`, each is applied to the same number of vectors.
    """
    lengths = steps * first - triangle(steps)
    if fixed:
        once = columns * (2 * lengths - steps)
        return Operations(once, once)
    # sum over i < steps of (columns - i) * (2 * (first - i) - 1)
    vectors = steps * columns - triangle(steps)
    products = steps * columns * first - (columns + first) * triangle(steps) + pyramid(steps)
    once = 2 * products - vectors
    return Operations(once, once)


def qr_reflectors(m: Size, n: Size, steps: Size) -> Operations:
    """R and the reflectors of an m x n matrix: a reflector per column, applied to the columns to its right."""
    return reflectors(steps, m) + applications(steps, m, n - 1)


def orthogonal_columns(m: Size, n: Size, k: Size) -> Operations:
    """The first n columns of the product of k reflectors of length m, m - 1 ..., built backwards.

    Reflector i meets the n - 1 - i columns to its right; its own column is -tau v, with
    1 - tau on the diagonal.
    """
    own_columns = k * m - triangle(k) - k
    return applications(k, m, n - 1) + Operations(own_columns, k)


def bidiagonal(m: Size, n: Size) -> Operations:
    """Bidiagonalization of m x n, m >= n: reflectors from the left on columns, from the right on rows."""
    rows = folds(n)
    left = reflectors(n, m) + applications(n, m, n - 1)
    right = reflectors(rows, n - 1) + applications(rows, n - 1, m - 1)
    return left + right


def hessenberg_form(n: Size) -> Operations:
    """Reduction of n x n to Hessenberg form: reflectors of length n-1, ..., 1 from both sides (10/3 n**3)."""
    steps = folds(n)
    left = applications(steps, n - 1, n - 1)
    right = applications(steps, n - 1, n, fixed=True)
    return reflectors(steps, n - 1) + left + right


def tridiagonal_form(n: Size) -> Operations:
    """Reduction of a symmetric n x n matrix to tridiagonal form (4/3 n**3).

    A step with a reflector v of length p (Golub and Van Loan, algorithm 8.3.1):
    u = tau A v (p*p + p, p*(p - 1)); w = u - (tau/2 u.v) v (p + 2 + p, p - 1 + p); the
    lower triangle of A minus v w' + w v' (two and two for each of p (p + 1)/2 elements).
    Sum: 2 p*p + 4 p + 2 multiplications, 2 p*p + 2 p - 1 additions.
    """
    steps = folds(n)  # p = n - 1, ..., 1
    p, pp = triangle(n), pyramid(n)
    return reflectors(steps, n - 1) + Operations(2 * pp + 4 * p + 2 * steps, 2 * pp + 2 * p - steps)
