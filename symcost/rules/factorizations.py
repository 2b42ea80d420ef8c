"""Matrix factorizations: textbook counts, integers at every size, per matrix of the batch.

Direct methods are summed step by step (see `householder` for the orthogonal ones), so
that a scalar program of the textbook's algorithm executes exactly this many operations.
Iterative methods (svd, eigh, eig, schur) have no exact count; they take the figure of
Golub and Van Loan, Matrix Computations, 4th edition (GVL). Roots and divisions count as
flops. Complex: 6 per multiplication and 2 per addition, 4 times the iterative figures.
"""

from __future__ import annotations

from symcost.polynomial import Size, maximum, minimum, product
from symcost.program import Op
from symcost.rules.extent import exactly, pyramid, triangle
from symcost.rules.householder import (
    Operations,
    applications,
    bidiagonal,
    hessenberg_form,
    orthogonal_columns,
    qr_reflectors,
    tridiagonal_form,
)
from symcost.rules.registry import Cost, algorithm


def matrices(op: Op) -> tuple[Size, Size, Size]:
    """Number of matrices in the batch of the first operand, their rows and their columns."""
    *batch, m, n = op.inputs[0].shape
    return product(batch), m, n


def _iterative(op: Op, flops: Size) -> Cost:
    batch, _, _ = matrices(op)
    return Cost(flops=batch * flops * (4 if op.inputs[0].dtype.startswith("complex") else 1))


@algorithm.rule("cholesky")
def cholesky(op: Op) -> Cost:
    """n^3/3 + n^2/2 + n/6 flops: n roots, n(n-1)/2 divisions, (n^3 - n)/6 multiplications and additions (LAPACK
    Working Note 41)."""
    batch, n, _ = matrices(op)
    updates = exactly(n * n * n - n, 6)
    return (Operations(n + triangle(n) + updates, updates) * batch).cost(op.inputs[0].dtype)


@algorithm.rule("cholesky_update")
def cholesky_update(op: Op) -> Cost:
    """3n^2 + 3n flops: n rotations, each made by 2 multiplications, an addition, a root and 2 divisions, and
    turning 2 rows."""
    batch, n, _ = matrices(op)
    turned = triangle(n)  # pairs of elements right of the diagonal: 4 multiplications, 2 additions
    return (Operations(5 * n + 4 * turned, n + 2 * turned) * batch).cost(op.inputs[0].dtype)


@algorithm.rule("lu")
def lu(op: Op) -> Cost:
    """2n^3/3 - n^2/2 - n/6 flops for n x n: per column its division by the pivot and the update of the rest (GVL
    3.2.1); comparing pivots is not counted."""
    batch, m, n = matrices(op)
    r = minimum(m, n)
    # Step i divides m - 1 - i elements and updates (m - 1 - i) x (n - 1 - i).
    divisions = r * (m - 1) - triangle(r)
    updates = r * (m - 1) * (n - 1) - (m + n - 2) * triangle(r) + pyramid(r)
    return (Operations(divisions + updates, updates) * batch).cost(op.inputs[0].dtype)


@algorithm.rule("geqrf")
def geqrf(op: Op) -> Cost:
    """Householder QR without Q: 2mn^2 - 2n^3/3 flops in the leading term (GVL 5.2.2), summed over the reflectors."""
    batch, m, n = matrices(op)
    return (qr_reflectors(m, n, minimum(m, n)) * batch).cost(op.inputs[0].dtype)


def column_pivoting(m: Size, n: Size) -> Operations:
    """Squared column norms, once; at each step the norms right of it are compared and updated (GVL 5.4.2)."""
    r = minimum(m, n)
    right = r * (n - 1) - triangle(r)  # columns right of the step
    return Operations(n * m + right, n * (m - 1) + 2 * right)


@algorithm.rule("geqp3")
def geqp3(op: Op) -> Cost:
    """As geqrf, and 2mn flops for the column norms and 3 per step and remaining column to update and compare them
    (GVL 5.4.2)."""
    batch, m, n = matrices(op)
    work = qr_reflectors(m, n, minimum(m, n)) + column_pivoting(m, n)
    return (work * batch).cost(op.inputs[0].dtype)


@algorithm.rule("householder_product")
def householder_product(op: Op) -> Cost:
    """Q from k reflectors: 4mnk - 2(m+n)k^2 + 4k^3/3 flops in the leading term (LAPACK Working Note 41), summed
    over the reflectors."""
    batch, m, n = matrices(op)
    return (orthogonal_columns(m, n, op.inputs[1].shape[-1]) * batch).cost(op.inputs[0].dtype)


@algorithm.rule("ormqr")
def ormqr(op: Op) -> Cost:
    """k reflectors applied to a matrix: 4mnk - 2nk^2 flops from the left, m and n exchanged from the right."""
    a, taus, c = op.inputs
    rows, columns = c.shape[-2:]
    length, vectors = (rows, columns) if op.params["left"] else (columns, rows)
    work = applications(taus.shape[-1], length, vectors, fixed=True)
    return (work * product(c.shape[:-2])).cost(a.dtype)


@algorithm.rule("qr")
def qr(op: Op) -> Cost:
    """geqrf and then Q as wide as the output asks: 4mn^2 - 4n^3/3 flops in the leading term for thin Q (GVL 5.2)."""
    batch, m, n = matrices(op)
    r, columns = minimum(m, n), op.output.shape[-1]
    work = qr_reflectors(m, n, r) + orthogonal_columns(m, columns, r)
    if op.params["pivoting"]:
        work = work + column_pivoting(m, n)
    return (work * batch).cost(op.inputs[0].dtype)


@algorithm.rule("hessenberg")
def hessenberg(op: Op) -> Cost:
    """10n^3/3 flops in the leading term (GVL 7.4.2), summed over the reflectors."""
    batch, n, _ = matrices(op)
    return (hessenberg_form(n) * batch).cost(op.inputs[0].dtype)


@algorithm.rule("tridiagonal")
def tridiagonal(op: Op) -> Cost:
    """4n^3/3 flops in the leading term (GVL 8.3.1), summed over the reflectors."""
    batch, n, _ = matrices(op)
    return (tridiagonal_form(n) * batch).cost(op.inputs[0].dtype)


@algorithm.rule("eigh")
def eigh(op: Op) -> Cost:
    """9n^3 flops: the symmetric QR algorithm with eigenvectors (GVL 8.3.3)."""
    _, n, _ = matrices(op)
    return _iterative(op, 9 * n * n * n)


@algorithm.rule("eig")
def eig(op: Op) -> Cost:
    """25n^3 flops with eigenvectors, 10n^3 for eigenvalues alone: the QR algorithm (GVL 7.5.6)."""
    _, n, _ = matrices(op)
    vectors = op.params["compute_left_eigenvectors"] or op.params["compute_right_eigenvectors"]
    return _iterative(op, (25 if vectors else 10) * n * n * n)


@algorithm.rule("schur")
def schur(op: Op) -> Cost:
    """25n^3 flops with Schur vectors, 10n^3 without: the QR algorithm (GVL 7.5.6)."""
    _, n, _ = matrices(op)
    return _iterative(op, (25 if op.params["compute_schur_vectors"] else 10) * n * n * n)


@algorithm.rule("svd")
def svd(op: Op) -> Cost:
    """Golub-Reinsch, m >= n (GVL 8.6.3): 14mn^2 + 8n^3 flops with thin U, 4m^2n + 8mn^2 + 9n^3 with full U;
    singular values alone: bidiagonalization (4mn^2 - 4n^3/3)."""
    batch, rows, columns = matrices(op)
    m, n = maximum(rows, columns), minimum(rows, columns)
    if not op.params["compute_uv"]:
        return (bidiagonal(m, n) * batch).cost(op.inputs[0].dtype)
    if op.params["full_matrices"]:
        return _iterative(op, 4 * m * m * n + 8 * m * n * n + 9 * n * n * n)
    return _iterative(op, 14 * m * n * n + 8 * n * n * n)
