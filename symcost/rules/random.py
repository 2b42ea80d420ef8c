"""Random numbers: the integer operations of counter-based generators, round by round.

Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3" (SC 2011)
defines Threefry and Philox; JAX runs 20 and 10 rounds. A rotation is two shifts and an
or (3). The counters themselves are an iota, which is free.
"""

from __future__ import annotations

from dataclasses import dataclass

from symcost.errors import RuleError
from symcost.polynomial import Size, ceil_div
from symcost.program import Op
from symcost.rules.arithmetic import scalar
from symcost.rules.registry import Cost, algorithm


@dataclass(frozen=True, slots=True)
class Generator:
    """A block cipher of counters.

    Attributes:
        block: integer operations to encrypt one counter.
        schedule: integer operations on one key, whatever is encrypted with it.
        fold: xors that join the words of a block to one random word of up to 32 bits.
        fold_wide: operations that join them to one of 64 bits.
        hashed_seed: a key is made by encrypting the seed, not by splitting its bits alone.
    """

    block: int
    schedule: int
    fold: int
    fold_wide: int
    hashed_seed: bool = True


# A Threefry round of a pair: add, rotate (3), xor = 5. Injecting the key every fourth
# round adds a key word to each word and the round's number to one of them. The schedule
# joins all key words and a constant by xor.
THREEFRY2x32 = Generator(
    block=2 + 20 * 5 + 5 * (2 + 1),  # first injection, rounds, injections
    schedule=2,
    fold=1,
    fold_wide=2,  # shift, or
    hashed_seed=False,
)
THREEFRY4x32 = Generator(block=4 + 20 * 2 * 5 + 5 * (4 + 1), schedule=4, fold=3, fold_wide=2 + 2)

# A Philox round: low and high half of a product, then two xors, per pair of words. The
# key moves on by one addition per key word between rounds.
PHILOX2x32 = Generator(block=10 * 4, schedule=9, fold=1, fold_wide=2)
PHILOX4x32 = Generator(block=10 * 2 * 4, schedule=9 * 2, fold=3, fold_wide=2)

GENERATORS = {"fry": THREEFRY2x32, "fry4": THREEFRY4x32, "phx2": PHILOX2x32, "phx4": PHILOX4x32}
"""By the tag in the dtype of a key, as in ``key<fry>``."""

BIT_GENERATOR_KEYS = ("rbg", "urbg")
"""Keys whose bits come from XLA's RngBitGenerator (Philox 4x32 by default)."""

SPLIT_SEED = 2  # a shift and a mask make two words of a seed


def _tag(dtype: str) -> str:
    tag = dtype.removeprefix("key<").removesuffix(">")
    if tag not in GENERATORS and tag not in BIT_GENERATOR_KEYS:
        raise RuleError(
            f"random keys of type {dtype!r} have no count",
            todo=f"use one of {', '.join((*GENERATORS, *BIT_GENERATOR_KEYS))}, or pass rules={{...}} for this call",
        )
    return tag


def _encrypt(generator: Generator, blocks: Size, keys: Size) -> Size:
    return generator.block * blocks + generator.schedule * keys


def _stream(bytes_: Size, keys: Size) -> Size:
    """A Philox stream uses all four words of each block."""
    return _encrypt(PHILOX4x32, ceil_div(bytes_, 16), keys)


@algorithm.rule("threefry2x32")
def threefry2x32(op: Op) -> Cost:
    """117 int_ops per block (20 rounds of 5, 6 key injections) and 2 per key."""
    return Cost(int_ops=_encrypt(THREEFRY2x32, op.output.size, op.inputs[0].size))


@algorithm.rule("threefry4x32")
def threefry4x32(op: Op) -> Cost:
    """229 int_ops per block (20 rounds of 10, 6 key injections) and 4 per key."""
    return Cost(int_ops=_encrypt(THREEFRY4x32, op.output.size, op.inputs[0].size))


@algorithm.rule("philox2x32")
def philox2x32(op: Op) -> Cost:
    """40 int_ops per block (10 rounds of 4) and 9 per key."""
    return Cost(int_ops=_encrypt(PHILOX2x32, op.output.size, op.inputs[0].size))


@algorithm.rule("philox4x32")
def philox4x32(op: Op) -> Cost:
    """80 int_ops per block (10 rounds of 8) and 18 per key."""
    return Cost(int_ops=_encrypt(PHILOX4x32, op.output.size, op.inputs[0].size))


@algorithm.rule("random_bits")
def random_bits(op: Op) -> Cost:
    """One block per random word, its halves joined by xor: 118 int_ops per word with threefry2x32 (JAX's default,
    partitionable), and 2 per key."""
    keys, bits = op.inputs[0], op.output
    tag = _tag(keys.dtype)
    if tag in BIT_GENERATOR_KEYS:
        return Cost(int_ops=_stream(bits.bytes, keys.size))
    generator = GENERATORS[tag]
    fold = generator.fold_wide if op.params["bit_width"] == 64 else generator.fold
    return Cost(int_ops=_encrypt(generator, bits.size, keys.size) + fold * bits.size)


@algorithm.rule("random_seed")
def random_seed(op: Op) -> Cost:
    """2 int_ops per seed (a shift and a mask); generators other than threefry2x32 also encrypt them."""
    tag = _tag(op.output.dtype)
    each = SPLIT_SEED
    if tag in GENERATORS and GENERATORS[tag].hashed_seed:
        each += GENERATORS[tag].block + GENERATORS[tag].schedule
    return Cost(int_ops=each * op.output.size)


@algorithm.rule("random_split")
def random_split(op: Op) -> Cost:
    """One block per new key: 117 int_ops with threefry2x32, and 2 per key that is split."""
    keys, new = op.inputs[0], op.output
    tag = _tag(keys.dtype)
    if tag == "rbg":  # two threefry2x32 keys side by side
        return Cost(int_ops=2 * _encrypt(THREEFRY2x32, new.size, keys.size))
    if tag == "urbg":  # every tenth block of a stream
        return Cost(int_ops=_encrypt(PHILOX4x32, 10 * new.size, keys.size))
    return Cost(int_ops=_encrypt(GENERATORS[tag], new.size, keys.size))


@algorithm.rule("random_fold_in")
def random_fold_in(op: Op) -> Cost:
    """The data encrypted under the key: 121 int_ops per key with threefry2x32 (seed 2, block 117, key 2)."""
    tag = _tag(op.output.dtype)
    if tag == "rbg":
        each = SPLIT_SEED + 2 * (THREEFRY2x32.block + THREEFRY2x32.schedule)
    elif tag == "urbg":  # the tenth block of a stream from the data, joined to the key's four words
        each = SPLIT_SEED + 10 * PHILOX4x32.block + PHILOX4x32.schedule + 4
    else:
        generator = GENERATORS[tag]
        each = generator.block + generator.schedule + (0 if generator.hashed_seed else SPLIT_SEED)
    return Cost(int_ops=each * op.output.size)


@algorithm.rule("rng_bit_generator")
def rng_bit_generator(op: Op) -> Cost:
    """Philox 4x32 (XLA's default): 80 int_ops per 16 bytes of output and 18 for the key; Threefry 2x32 where
    asked for: 117 per 8 bytes, 2."""
    _, bits = op.outputs  # new state, random bits
    if "THREE_FRY" in op.params["algorithm"]:
        return Cost(int_ops=_encrypt(THREEFRY2x32, ceil_div(bits.bytes, 8), 1))
    return Cost(int_ops=_stream(bits.bytes, 1))


@algorithm.rule("rng_uniform")
def rng_uniform(op: Op) -> Cost:
    """A Philox 4x32 stream as long as the output, then a multiplication and an addition per element."""
    scale = scalar("mul", op.output.dtype)
    work = 2 * op.output.size
    return Cost(
        int_ops=_stream(op.output.bytes, 1) + work * scale.int_ops,
        flops=work * scale.flops,
    )
