"""Sequences and sets: masks, shifts, remainders, sorting, transforms."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from tests.adversarial.family import Hostile, array, product

SIZES = [*product(T=(1, 2, 3, 8), F=(1,)), *product(T=(1, 7, 9, 16), F=(5,))]


def on_sequence(fn, differentiable: bool = True, points=SIZES, domain=()) -> Hostile:
    """`fn(x, w)` of a sequence and a square matrix."""
    return Hostile(lambda T, F: (fn, (array(T, F), array(F, F))), points, dict(domain), differentiable=differentiable)


def causal(x, w):
    mask = jnp.tril(jnp.ones((x.shape[0], x.shape[0]), bool))
    return jax.nn.softmax(jnp.where(mask, x @ w @ x.T, -1e9)) @ x


def padded_chunks(x, w):
    length, width = x.shape
    chunks = jnp.pad(x, ((0, -length % 8), (0, 0))).reshape(-1, 8, width)

    def attend(total, chunk):
        weights = jax.nn.softmax(chunk @ w @ chunk.T)
        return total + jnp.sum(weights), weights @ chunk

    return lax.scan(attend, 0.0, chunks)[1].reshape(-1, width)[:length]


def top_k(N, K):
    return lambda x: lax.top_k(x, K)[0], (array(3, N),)


FAMILIES = {
    "shifts": on_sequence(lambda x, w: (x[1:] - x[:-1]) @ w),
    "padded to eights": on_sequence(lambda x, w: jnp.tanh(jnp.pad(x, ((0, -x.shape[0] % 8), (0, 0))) @ w)),
    "padded chunks": on_sequence(padded_chunks),
    "causal mask": on_sequence(causal),
    "constants": on_sequence(
        lambda x, w: x * np.linspace(0, 1, x.shape[0], dtype=np.float32)[:, None] + jnp.arange(x.shape[1]) @ w
    ),
    "one hot": on_sequence(lambda x, w: jax.nn.one_hot(jnp.argmax(x, -1), x.shape[1]) @ w),
    "sort": on_sequence(lambda x, w: jnp.sort(x @ w, 0)),
    "argsort": on_sequence(lambda x, w: x[jnp.argsort(x[:, 0])]),
    "every second, backwards by three": on_sequence(
        lambda x, w: jnp.sin(x[0::2]).sum() + jnp.cos(x[1::2]).sum() + x[::-3].sum()
    ),
    "blocks": on_sequence(
        lambda x, w: jax.nn.softmax(
            jnp.einsum("bif,bjf->bij", x.reshape(-1, 4, x.shape[1]), x.reshape(-1, 4, x.shape[1]))
        ),
        points=product(T=(4, 8, 12, 64), F=(1, 3)),
        domain={"T": {"multiple_of": 4}},
    ),
    "fft": Hostile(
        lambda N, F: (lambda x: jnp.abs(jnp.fft.fft(x)), (array(F, N),)), product(N=(1, 2, 3, 8, 13), F=(1, 4))
    ),
    "rfft": Hostile(
        lambda N, F: (lambda x: jnp.fft.irfft(jnp.fft.rfft(x) * 2, N), (array(F, N),)),
        product(N=(1, 2, 3, 8, 13), F=(1, 4)),
    ),
    "concatenated": Hostile(
        lambda N, M, F: (
            lambda x, y, w: jnp.tanh(jnp.concatenate([x, y]) @ w),
            (array(N, F), array(M, F), array(F, F)),
        ),
        product(N=(1, 2, 9), M=(1, 3, 9), F=(1, 2, 9)),
    ),
    "top k of symbolic k": Hostile(
        top_k, [p for p in product(N=(1, 2, 3, 8, 20), K=(1, 2, 3, 8, 20)) if p["K"] <= p["N"]], where=("K <= N",)
    ),
    "width in eighths": Hostile(
        lambda B, F: (lambda x, w: jnp.tanh(x @ w).reshape(B, 8, F // 8).sum(1), (array(B, F), array(F, F))),
        product(B=(1, 2, 3), F=(8, 16, 24, 128)),
        {"F": {"multiple_of": 8}},
    ),
    "gaussians of pairs": Hostile(
        lambda N, F: (lambda x: jnp.sin(x[np.triu_indices(N, 1)]), (array(N, N, F),)), product(N=(1, 2, 3, 8), F=(1, 3))
    ),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_sequence_programs_are_exact_at_every_size(name):
    FAMILIES[name].assert_exact()
