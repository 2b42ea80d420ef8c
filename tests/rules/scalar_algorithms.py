"""Textbook algorithms on arrays of counting scalars; see `counting`."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from itertools import product

import numpy as np

from tests.rules.counting import Integer, Real, Tally, larger

# -- folding -------------------------------------------------------------------------------


def fold(array: np.ndarray, axes: tuple[int, ...], combine: Callable) -> np.ndarray:
    """Each line of `axes` folded from its first element on."""
    kept = [a for a in range(array.ndim) if a not in axes]
    lines = array.transpose(*kept, *axes).reshape(*(array.shape[a] for a in kept), -1)
    out = np.empty(lines.shape[:-1], object)
    for index in np.ndindex(out.shape):
        out[index] = reduce(combine, lines[index])
    return out


def accumulate(array: np.ndarray, axis: int, combine: Callable) -> np.ndarray:
    """Running combination along an axis, one step after the other."""
    moved = np.moveaxis(array, axis, -1).copy()
    for index in np.ndindex(moved.shape[:-1]):
        for i in range(1, moved.shape[-1]):
            moved[(*index, i)] = combine(moved[(*index, i - 1)], moved[(*index, i)])
    return np.moveaxis(moved, -1, axis)


def logaddexp(a: Real, b: Real) -> Real:
    return larger(a, b) + (-abs(a - b)).apply(math.exp).apply(math.log1p)


def windows(array: np.ndarray, window, strides, padding, fill) -> np.ndarray:
    """All windows of an array: output positions x elements of the window, `fill` in the padding."""
    padded = np.pad(array, padding, constant_values=fill)
    counts = [(n - w) // s + 1 for n, w, s in zip(padded.shape, window, strides, strict=True)]
    out = np.empty((*counts, math.prod(window)), object)
    for at in np.ndindex(*counts):
        for k, tap in enumerate(np.ndindex(*window)):
            out[(*at, k)] = padded[tuple(o * s + t for o, s, t in zip(at, strides, tap, strict=True))]
    return out


def scatter_winners(operand: np.ndarray, source: np.ndarray, window, strides, padding, tally: Tally) -> np.ndarray:
    """Each element of `source` is added where its window of `operand` has its largest element."""
    where = np.arange(operand.size).reshape(operand.shape)
    values = windows(operand, window, strides, padding, tally.real(-math.inf))
    places = windows(where, window, strides, padding, -1)
    out = tally.array(np.zeros(operand.shape)).ravel()
    for at in np.ndindex(source.shape):
        best = 0
        for k in range(1, values.shape[-1]):
            if values[(*at, k)] > values[(*at, best)]:
                best = k
        place = places[(*at, best)]
        out[place] = out[place] + source[at]
    return out.reshape(operand.shape)


# -- contractions --------------------------------------------------------------------------


def matmul(a: np.ndarray, b: np.ndarray, zero) -> np.ndarray:
    out = np.empty((a.shape[0], b.shape[1]), object)
    for i, j in np.ndindex(*out.shape):
        sum_ = zero
        for k in range(a.shape[1]):
            sum_ = sum_ + a[i, k] * b[k, j]
        out[i, j] = sum_
    return out


def convolve(
    x: np.ndarray, w: np.ndarray, zero, strides, padding, lhs_dilation, rhs_dilation, groups=1, batch_groups=1
) -> np.ndarray:
    """N C H W by O I H W: every tap is multiplied and added, whatever it meets."""
    spread = np.full((*x.shape[:2], *((n - 1) * d + 1 for n, d in zip(x.shape[2:], lhs_dilation, strict=True))), zero)
    spread[:, :, :: lhs_dilation[0], :: lhs_dilation[1]] = x
    spread = np.pad(spread, ((0, 0), (0, 0), *padding), constant_values=zero)
    batch, out_channels = x.shape[0] // batch_groups, w.shape[0]
    reach = [(k - 1) * d + 1 for k, d in zip(w.shape[2:], rhs_dilation, strict=True)]
    sizes = [(n - r) // s + 1 for n, r, s in zip(spread.shape[2:], reach, strides, strict=True)]
    out = np.empty((batch, out_channels, *sizes), object)
    for n, o, i, j in np.ndindex(*out.shape):
        sample = n + batch * (o // (out_channels // batch_groups))
        first = (o // (out_channels // groups)) * w.shape[1]
        sum_ = zero
        for c, p, q in np.ndindex(*w.shape[1:]):
            y, z = i * strides[0] + p * rhs_dilation[0], j * strides[1] + q * rhs_dilation[1]
            sum_ = sum_ + spread[sample, first + c, y, z] * w[o, c, p, q]
        out[n, o, i, j] = sum_
    return out


# -- sorting -------------------------------------------------------------------------------


def merge_sort(items: list) -> list:
    if len(items) < 2:
        return items
    left, right = merge_sort(items[: len(items) // 2]), merge_sort(items[len(items) // 2 :])
    merged = []
    while left and right:
        merged.append(right.pop(0) if right[0] < left[0] else left.pop(0))
    return merged + left + right


def tournament(items: list, k: int) -> list:
    """The k largest, in order: a knock-out tree, replayed along the path of each winner."""
    size = 1 << max(0, (len(items) - 1).bit_length())
    leaves = [*items, *[None] * (size - len(items))]
    tree = [None] * size + leaves

    def play(node: int) -> None:
        a, b = tree[2 * node], tree[2 * node + 1]
        tree[node] = a if b is None else b if a is None else (b if b > a else a)

    for node in range(size - 1, 0, -1):
        play(node)
    winners = [tree[1]]
    while len(winners) < k:
        node = next(i for i in range(size, 2 * size) if tree[i] is winners[-1])
        tree[node] = None
        while node > 1:
            node //= 2
            play(node)
        winners.append(tree[1])
    return winners


# -- Fourier -------------------------------------------------------------------------------


def fft(line: list, tally: Tally) -> list:
    """Radix 2, decimation in time; every twiddle factor is multiplied, 1 and i too."""
    n = len(line)
    if n == 1:
        return line
    even, odd = fft(line[::2], tally), fft(line[1::2], tally)
    out = [None] * n
    for k in range(n // 2):
        turned = tally.complex(np.exp(-2j * math.pi * k / n)) * odd[k]
        out[k], out[k + n // 2] = even[k] + turned, even[k] - turned
    return out


# -- random numbers ------------------------------------------------------------------------
# Each cipher is a schedule of its key, made once, and the encryption of one counter under it.


def _rotate(x: Integer, by: int) -> Integer:
    return (x << by) | (x >> (32 - by))


def threefry_schedule(key: list[Integer]) -> list[Integer]:
    """The key's words, and all of them and a constant joined by xor."""
    return [*key, reduce(lambda a, b: a ^ b, key) ^ 0x1BD11BDA]


def threefry2x32(schedule: list[Integer], counter: list[Integer]) -> list[Integer]:
    x = [c + k for c, k in zip(counter, schedule, strict=False)]
    turns = ((13, 15, 26, 6), (17, 29, 16, 24))
    for group in range(5):
        for by in turns[group % 2]:
            x[0] = x[0] + x[1]
            x[1] = _rotate(x[1], by) ^ x[0]
        x[0] = x[0] + schedule[(group + 1) % 3]
        x[1] = x[1] + schedule[(group + 2) % 3] + (group + 1)
    return x


def threefry4x32(schedule: list[Integer], counter: list[Integer]) -> list[Integer]:
    x = [c + k for c, k in zip(counter, schedule, strict=False)]
    turns = ((10, 26), (11, 21), (13, 27), (23, 5), (6, 20), (17, 11), (25, 10), (18, 20))
    for turn in range(20):
        partners = (1, 3) if turn % 2 == 0 else (3, 1)
        for i, partner, by in zip((0, 2), partners, turns[turn % 8], strict=True):
            x[i] = x[i] + x[partner]
            x[partner] = _rotate(x[partner], by) ^ x[i]
        if turn % 4 == 3:
            group = turn // 4
            x = [v + schedule[(group + 1 + i) % 5] for i, v in enumerate(x)]
            x[3] = x[3] + (group + 1)
    return x


def philox_schedule(key: list[Integer]) -> list[list[Integer]]:
    """The key of each of ten rounds."""
    steps = (0x9E3779B9, 0xBB67AE85)
    keys = [list(key)]
    for _ in range(9):
        keys.append([k + step for k, step in zip(keys[-1], steps, strict=False)])
    return keys


def philox2x32(schedule: list[list[Integer]], counter: list[Integer]) -> list[Integer]:
    x = counter
    for (key,) in schedule:
        x = [x[0].high_product(0xD256D193) ^ x[1] ^ key, x[0] * 0xD256D193]
    return x


def philox4x32(schedule: list[list[Integer]], counter: list[Integer]) -> list[Integer]:
    x = counter
    for key in schedule:
        low0, high0 = x[0] * 0xD2511F53, x[0].high_product(0xD2511F53)
        low1, high1 = x[2] * 0xCD9E8D57, x[2].high_product(0xCD9E8D57)
        x = [high1 ^ x[1] ^ key[0], low1, high0 ^ x[3] ^ key[1], low0]
    return x


# -- linear algebra ------------------------------------------------------------------------


def cholesky(a: np.ndarray) -> np.ndarray:
    n, a = len(a), a.copy()
    for j in range(n):
        a[j, j] = a[j, j].root()
        for i in range(j + 1, n):
            a[i, j] = a[i, j] / a[j, j]
        for k in range(j + 1, n):
            for i in range(k, n):
                a[i, k] = a[i, k] - a[i, j] * a[k, j]
    return a


def lu(a: np.ndarray) -> np.ndarray:
    """Without exchanges: for matrices whose pivots are in place."""
    a = a.copy()
    m, n = a.shape
    for k in range(min(m, n)):
        for i in range(k + 1, m):
            a[i, k] = a[i, k] / a[k, k]
            for j in range(k + 1, n):
                a[i, j] = a[i, j] - a[i, k] * a[k, j]
    return a


def reflector(x: np.ndarray) -> tuple[np.ndarray, Real, Real]:
    """v (with v[0] = 1), tau and beta: (1 - tau v v') x = beta e."""
    squares = [e * e for e in x]
    norm = reduce(lambda a, b: a + b, squares).root()
    beta = norm.signed_like(Real(-x[0].value, x[0].tally))
    difference = x[0] - beta
    tau = (difference / beta).signed_like(Real(1.0, x[0].tally))  # -difference / beta is positive
    v = x.copy()
    v[1:] = [e / difference for e in x[1:]]
    return v, tau, beta


def reflect(v: np.ndarray, tau: Real, c: np.ndarray) -> None:
    """c - tau (v.c) v, in place, with v[0] = 1."""
    dot = c[0]
    for e, f in zip(v[1:], c[1:], strict=True):
        dot = dot + e * f
    dot = dot * tau
    c[0] = c[0] - dot
    for i in range(1, len(c)):
        c[i] = c[i] - dot * v[i]


def qr_reflectors(a: np.ndarray) -> tuple[np.ndarray, list]:
    a, taus = a.copy(), []
    m, n = a.shape
    for k in range(min(m, n)):
        v, tau, beta = reflector(a[k:, k])
        for j in range(k + 1, n):
            reflect(v, tau, a[k:, j])
        a[k, k], a[k + 1 :, k] = beta, v[1:]
        taus.append(tau)
    return a, taus


def pivoted_qr(a: np.ndarray) -> np.ndarray:
    """The column of largest norm next; squared norms are made once, then lose what a step takes out."""
    a = a.copy()
    m, n = a.shape
    norms = [reduce(lambda x, y: x + y, [e * e for e in a[:, j]]) for j in range(n)]
    for k in range(min(m, n)):
        best = k
        for j in range(k + 1, n):
            if norms[j] > norms[best]:
                best = j
        a[:, [k, best]] = a[:, [best, k]]
        norms[k], norms[best] = norms[best], norms[k]
        v, tau, beta = reflector(a[k:, k])
        for j in range(k + 1, n):
            reflect(v, tau, a[k:, j])
            norms[j] = norms[j] - a[k, j] * a[k, j]
        a[k, k], a[k + 1 :, k] = beta, v[1:]
    return a


def orthogonal_columns(a: np.ndarray, taus: list, tally: Tally) -> np.ndarray:
    """The first columns of the product of the reflectors below the diagonal of `a`."""
    m, n = a.shape
    q = tally.array(np.eye(m, n))
    for k in range(len(taus) - 1, -1, -1):
        v = a[k:, k].copy()
        for j in range(k + 1, n):
            reflect(v, taus[k], q[k:, j])
        q[k, k] = 1.0 - taus[k]
        for i in range(k + 1, m):
            q[i, k] = v[i - k] * Real(-taus[k].value, tally)
    return q


def apply_reflectors(a: np.ndarray, taus: list, c: np.ndarray, transpose: bool) -> np.ndarray:
    """Q c or Q' c."""
    c = c.copy()
    order = range(len(taus)) if transpose else range(len(taus) - 1, -1, -1)
    for k in order:
        for j in range(c.shape[1]):
            reflect(a[k:, k], taus[k], c[k:, j])
    return c


def hessenberg(a: np.ndarray) -> np.ndarray:
    a, n = a.copy(), len(a)
    for k in range(n - 1):
        v, tau, beta = reflector(a[k + 1 :, k])
        for j in range(k + 1, n):
            reflect(v, tau, a[k + 1 :, j])
        for i in range(n):
            reflect(v, tau, a[i, k + 1 :])
        a[k + 1, k], a[k + 2 :, k] = beta, v[1:]
    return a


def tridiagonal(a: np.ndarray) -> tuple[list, list]:
    """Diagonal and subdiagonal; works on the lower triangle, mirrored so that products are easy to write."""
    a, n, below = a.copy(), len(a), []
    for k in range(n - 1):
        v, tau, beta = reflector(a[k + 1 :, k])
        v[0] = Real(1.0, tau.tally)
        rest, p = a[k + 1 :, k + 1 :], n - 1 - k
        u = [reduce(lambda x, y: x + y, [rest[i, j] * v[j] for j in range(p)]) * tau for i in range(p)]
        dot = reduce(lambda x, y: x + y, [e * f for e, f in zip(u, v, strict=True)])
        half = tau * 0.5 * dot
        w = [e - half * f for e, f in zip(u, v, strict=True)]
        for i in range(p):
            for j in range(i + 1):
                rest[i, j] = rest[j, i] = rest[i, j] - v[i] * w[j] - w[i] * v[j]
        below.append(beta)
    return [a[i, i] for i in range(n)], below


def bidiagonal(a: np.ndarray) -> np.ndarray:
    a = a.copy()
    m, n = a.shape
    for k in range(n):
        v, tau, beta = reflector(a[k:, k])
        for j in range(k + 1, n):
            reflect(v, tau, a[k:, j])
        a[k, k], a[k + 1 :, k] = beta, [Real(0.0, tau.tally)] * (m - k - 1)
        if k < n - 1:
            v, tau, beta = reflector(a[k, k + 1 :])
            for i in range(k + 1, m):
                reflect(v, tau, a[i, k + 1 :])
            a[k, k + 1], a[k, k + 2 :] = beta, [Real(0.0, tau.tally)] * (n - k - 2)
    return a


def cholesky_update(r: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Upper R with R'R + zz'."""
    r, z, n = r.copy(), z.copy(), len(z)
    for k in range(n):
        size = (r[k, k] * r[k, k] + z[k] * z[k]).root()
        c, s = r[k, k] / size, z[k] / size
        r[k, k] = size
        for j in range(k + 1, n):
            r[k, j], z[j] = c * r[k, j] + s * z[j], c * z[j] - s * r[k, j]
    return r


def triangular_solve(a: np.ndarray, b: np.ndarray, unit: bool) -> np.ndarray:
    """Lower a x = b, by columns of b."""
    x = b.copy()
    for j, i in product(range(b.shape[1]), range(b.shape[0])):
        for k in range(i):
            x[i, j] = x[i, j] - a[i, k] * x[k, j]
        if not unit:
            x[i, j] = x[i, j] / a[i, i]
    return x


def tridiagonal_solve(lower, diagonal, upper, b: np.ndarray) -> np.ndarray:
    d, x, n = diagonal.copy(), b.copy(), len(b)
    for i in range(1, n):
        w = lower[i] / d[i - 1]
        d[i] = d[i] - w * upper[i - 1]
        for j in range(b.shape[1]):
            x[i, j] = x[i, j] - w * x[i - 1, j]
    for j in range(b.shape[1]):
        for i in range(n - 1, -1, -1):
            if i < n - 1:
                x[i, j] = x[i, j] - upper[i] * x[i + 1, j]
            x[i, j] = x[i, j] / d[i]
    return x
