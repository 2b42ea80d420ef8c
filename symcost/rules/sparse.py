"""Sparse formats of `jax.experimental.sparse`: arithmetic on the stored elements only."""

from __future__ import annotations

from symcost.polynomial import ceil_log2, product
from symcost.program import Op
from symcost.rules.arithmetic import repeat, scalar, together
from symcost.rules.contractions import free_extent, multiply_accumulate
from symcost.rules.registry import Cost, algorithm

algorithm.free(
    *("bcoo_extract", "bcsr_extract", "bcoo_transpose"),
    why="reads stored elements or renames their axes, no arithmetic",
)


@algorithm.rule("bcoo_dot_general", "bcsr_dot_general")
def sparse_dot_general(op: Op) -> Cost:
    """A multiply and an add per stored element and free element of the dense operand."""
    (_, contracted), (_, batch) = op.params["dimension_numbers"]
    data, rhs = op.inputs[0], op.inputs[-1]
    return multiply_accumulate(data.size * free_extent(rhs, contracted, batch), data, rhs)


@algorithm.rule("bcoo_dot_general_sampled")
def bcoo_dot_general_sampled(op: Op) -> Cost:
    """A dot of the contracted length for every stored element of the result."""
    (contracted, _), _ = op.params["dimension_numbers"]
    lhs, rhs, _ = op.inputs
    return multiply_accumulate(op.output.size * product(lhs.shape[a] for a in contracted), lhs, rhs)


@algorithm.rule("coo_matvec", "csr_matvec", "coo_spmv", "csr_spmv")
def sparse_matvec(op: Op) -> Cost:
    """A multiply and an add per stored element."""
    return multiply_accumulate(op.inputs[0].size, op.inputs[0], op.inputs[-1])


@algorithm.rule("coo_matmat", "csr_matmat", "coo_spmm", "csr_spmm")
def sparse_matmat(op: Op) -> Cost:
    """A multiply and an add per stored element and column of the dense matrix."""
    dense = op.inputs[-1]
    return multiply_accumulate(op.inputs[0].size * dense.shape[-1], op.inputs[0], dense)


@algorithm.rule("bcoo_todense", "bcsr_todense", "coo_todense", "csr_todense")
def todense(op: Op) -> Cost:
    """One addition per stored element: entries of the same place add up."""
    return repeat(op.inputs[0].size, scalar("add", op.inputs[0].dtype))


@algorithm.rule("bcoo_fromdense", "bcsr_fromdense", "coo_fromdense", "csr_fromdense")
def fromdense(op: Op) -> Cost:
    """Per element of the dense array: a comparison with zero, and one integer addition to number the stored ones."""
    dense = op.inputs[0]
    return repeat(dense.size, together(scalar("ne", dense.dtype), Cost(int_ops=1)))


@algorithm.rule("bcoo_sort_indices")
def bcoo_sort_indices(op: Op) -> Cost:
    """n*ceil(log2 n) comparisons for n stored elements, each of all sparse coordinates."""
    indices = op.inputs[1]  # (..., n, coordinates)
    *batch, n, coordinates = indices.shape
    return repeat(product(batch) * n * ceil_log2(n) * coordinates, scalar("compare", indices.dtype))
