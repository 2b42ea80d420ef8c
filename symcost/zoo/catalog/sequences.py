"""Recurrent networks, transformers and state-space blocks."""

from __future__ import annotations

from symcost.zoo.catalog.sizes import (
    BATCH,
    BERT_BASE,
    FEATURES,
    HEAD_WIDTH,
    HEADS,
    HIDDEN,
    LAYERS,
    STEPS,
    TOKENS,
    VASWANI,
    WIDTH,
    WORDS,
)
from symcost.zoo.catalog.sources import STEP, catamount, keras_hub
from symcost.zoo.entry import Dim, Entry, Published

_BERT_BASE = {**BERT_BASE, "V": 30_522, "P": 512}
_BERT_LARGE = {**_BERT_BASE, "D": 1024, "H": 16, "L": 24}
_GPT2 = {"B": 1, "T": 1024, "D": 768, "H": 12, "K": 64, "L": 12, "V": 50_257, "P": 1024}
_LLAMA2 = {"D": 4096, "G": 32, "R": 1, "K": 128, "F": 11_008}
_LLAMA3 = {"D": 4096, "G": 8, "R": 4, "K": 128, "F": 14_336}

_LLAMA = (
    "Touvron et al.: LLaMA, 2023, arXiv:2302.13971; Ainslie et al.: GQA, EMNLP 2023, arXiv:2305.13245; "
    "Su et al.: RoFormer, 2021, arXiv:2104.09864"
)
_GSHARD = (
    "Shazeer et al.: Outrageously Large Neural Networks, ICLR 2017, arXiv:1701.06538; "
    "Lepikhin et al.: GShard, ICLR 2021, arXiv:2006.16668"
)
_MAMBA = "Gu, Dao: Mamba: Linear-Time Sequence Modeling with Selective State Spaces, 2023, arXiv:2312.00752"

_POSITIONS = Dim("P", "rows of the table of positions", (3, 8, 11, 12))
_GROUPS = Dim("G", "heads of keys and values", (1, 2, 3))
_QUERIES = Dim("R", "heads of queries for each of them", (1, 2, 3))
_PAIRS = Dim("K", "features per head", (2, 4, 6), multiple_of=2)
_GATED = Dim("F", "hidden units of the gated perceptron", (1, 3, 8, 11))
_EXPERTS = (
    TOKENS,
    WIDTH,
    Dim("F", "hidden units of an expert", (1, 3, 8)),
    Dim("E", "experts", (1, 2, 3, 4)),
    Dim("K", "experts that a token goes to", (1, 2, 3)),
    Dim("C", "tokens that an expert has room for", (1, 2, 5)),
)
_CHANNELS = Dim("E", "channels", (1, 3, 6))
_STATES = Dim("N", "states of a channel", (1, 2, 5))
_RANK = Dim("R", "rank of the step sizes", (1, 2, 3))


def _llama(sizes: dict[str, int], figure: int, blocks: int, words: int, name: str, source: str) -> Published:
    """A block's share of a whole model's parameters."""
    width = sizes["D"]
    others = 2 * words * width + width
    assert (figure - others) % blocks == 0
    return Published(
        quantity="params",
        figure=(figure - others) // blocks,
        tolerance=0,
        sizes={"B": 1, "T": 1, **sizes},
        convention=f"the {figure:,} parameters of {name} without the {others:,} of its tables of words and last norm, "
        f"divided by {blocks} blocks",
        source=source,
    )


def _bert(sizes: dict[str, int], figure: int) -> Published:
    """A forward pass of the uncased checkpoints."""
    T, D, H, L = (sizes[name] for name in "TDHL")
    return Published(
        quantity="flops",
        figure=figure,
        tolerance=0,
        sizes=sizes,
        convention="all arithmetic of a forward pass in TensorFlow",
        source=catamount("tf_bert_language_models.py"),
        under="catamount",
        beyond=L * (3 * T * D - H * T**2 + 2 * T**2 - 10 * T - H * T) + 6 * T * D - 12 * T + T**2,
        why="L*(3*T*D - H*T**2 + 2*T**2 - 10*T - H*T) + 6*T*D - 12*T + T**2 beside equal matrix products: "
        "TensorFlow divides the scores and not the queries, L*(H*T**2 - T*D); has fewer operations in softmax, "
        "-L*(2*H*T**2 + H*T); has two more per element and five fewer per row in a normalisation, "
        "(2*L + 1)*(2*T*D - 5*T); makes the mask in each layer, (2*L + 1)*T**2; and finds segments by a "
        "product, 4*T*D, where indices and mask are compared here, -7*T",
    )


def _training_token(T: int, D: int, H: int, K: int, L: int, V: int, **_: int) -> int:
    """FLOPs of training per token, of matrix products alone: forward, and two gradients of each."""
    return L * (2 * 6 * D * (4 * D) + 4 * 6 * D * H * K + 12 * T * H * K) + 6 * D * V


_SDPA = {"B": 1, "H": 12, "S": 64, "D": 64}


TRANSFORMERS = (
    Entry(
        name="attention",
        title="Scaled dot-product attention by itself",
        paper=VASWANI,
        recipe="attention:attention",
        dims=(BATCH, HEADS, Dim("S", "tokens", (1, 2, 3, 8, 11)), Dim("D", "features per head", (1, 2, 3, 4, 6))),
        published=(
            Published(
                quantity="flops",
                figure=12_582_912,
                tolerance=0,
                sizes=_SDPA,
                convention="4*B*H*S**2*D: 2 per multiply-add of both products, no mask",
                source="pytorch/pytorch, torch/utils/flop_counter.py, sdpa_flop_count",
                beyond=-12 * 64 * (5 * 64 - 1),
                why="scale and softmax, B*H*S*(5*S - 1), which that counter leaves out",
            ),
        ),
    ),
    Entry(
        name="bert",
        title="BERT: encoder over tokens, with a pooler",
        paper="Devlin et al.: BERT, NAACL 2019, arXiv:1810.04805",
        recipe="bert:bert",
        dims=(BATCH, TOKENS, WIDTH, HEADS, HEAD_WIDTH, LAYERS, WORDS, _POSITIONS),
        structural=("L",),
        where=("T <= P",),
        published=(
            Published(
                quantity="params",
                figure=109_482_240,
                tolerance=0,
                sizes=_BERT_BASE,
                convention="parameters of BERT-base with its pooler, 30,522 words",
                source=keras_hub("bert", "bert_base_en_uncased"),
            ),
            Published(
                quantity="params",
                figure=335_141_888,
                tolerance=0,
                sizes=_BERT_LARGE,
                convention="parameters of BERT-large with its pooler, 30,522 words",
                source=keras_hub("bert", "bert_large_en_uncased"),
            ),
            _bert(_BERT_BASE, 22_419_929_740),
            _bert(_BERT_LARGE, 79_110_514_072),
        ),
    ),
    Entry(
        name="gpt2",
        title="GPT-2: decoder over tokens, embedding and output layer tied",
        paper="Radford et al.: Language Models are Unsupervised Multitask Learners, OpenAI 2019",
        recipe="gpt2:gpt2",
        dims=(BATCH, TOKENS, WIDTH, HEADS, HEAD_WIDTH, LAYERS, WORDS, _POSITIONS),
        structural=("L",),
        where=("T <= P",),
        published=(
            Published(
                quantity="params",
                figure=124_439_808,
                tolerance=0,
                sizes=_GPT2,
                convention="parameters of the smallest GPT-2, the table of words counted once",
                source=keras_hub("gpt2", "gpt2_base_en"),
            ),
            Published(
                quantity="macs",
                figure=_GPT2["T"] * _training_token(**_GPT2) // 2,
                tolerance=0,
                sizes=_GPT2,
                convention="half of the FLOPs of matrix products in training, for each token L*(2*6*D*(4*D) + "
                "4*6*D*H*K + 12*T*H*K) + 6*D*V: two matrices of the perceptron, four of attention, scores and values "
                "of all pairs of tokens, output layer; nothing besides the products",
                source="Austin et al.: How to Scale Your Model, 2025: jax-ml/scaling-book, transformers.md",
                program="training",
            ),
        ),
    ),
    Entry(
        name="llama-prefill",
        title="Llama block that reads a prompt: grouped queries, rotary positions",
        paper=_LLAMA,
        recipe="llama:prefill",
        dims=(BATCH, TOKENS, WIDTH, _GROUPS, _QUERIES, _PAIRS, _GATED),
        published=(
            _llama(_LLAMA2, 6_738_415_616, 32, 32_000, "Llama 2 7B", keras_hub("llama", "llama2_7b_en")),
            _llama(_LLAMA3, 8_030_261_248, 32, 128_256, "Llama 3 8B", keras_hub("llama3", "llama3_8b_en")),
        ),
    ),
    Entry(
        name="llama-decode",
        title="Llama block that adds one token, with a cache of keys and values",
        paper=_LLAMA,
        recipe="llama:decode",
        dims=(BATCH, Dim("S", "slots of the cache", (1, 2, 5, 8)), WIDTH, _GROUPS, _QUERIES, _PAIRS, _GATED),
    ),
    Entry(
        name="experts-by-mask",
        title="Mixture of experts, tokens moved by products with a mask",
        paper=_GSHARD,
        recipe="experts:by_mask",
        dims=_EXPERTS,
        where=("K <= E",),
    ),
    Entry(
        name="experts-by-index",
        title="Mixture of experts, tokens moved by scatter and gather",
        paper=_GSHARD + "; Gale et al.: MegaBlocks, 2022, arXiv:2211.15841",
        recipe="experts:by_index",
        dims=_EXPERTS,
        where=("K <= E",),
    ),
    Entry(
        name="state-space",
        title="Selective state-space block, its recurrence step by step",
        paper=_MAMBA,
        recipe="state_space:by_steps",
        dims=(BATCH, Dim("T", "steps", (1, 2, 3, 8, 11)), WIDTH, _CHANNELS, _STATES, _RANK),
    ),
    Entry(
        name="state-space-tree",
        title="Selective state-space block, its recurrence as an associative scan",
        paper=_MAMBA,
        recipe="state_space:by_tree",
        dims=(BATCH, Dim("T", "steps, a power of 2", (1, 2, 4, 8, 16), power_of=2), WIDTH, _CHANNELS, _STATES, _RANK),
    ),
)

_HOCHREITER = "Hochreiter, Schmidhuber: Long Short-Term Memory, Neural Computation 9, 1997"
_LAYER = (BATCH, STEPS, FEATURES, HIDDEN)
_LANGUAGE = (
    Dim("h", "hidden units", (1, 2, 5)),
    Dim("q", "steps", (1, 2, 3, 7)),
    Dim("b", "batch", (1, 2, 3)),
    Dim("v", "words or characters", (2, 3, 7)),
)
_WORDS = {"h": 2004, "q": 80, "b": 64, "v": 10_004}
_CHARACTERS = {"h": 2004, "q": 150, "b": 128, "v": 98}


def _word_terms(h: int, q: int, b: int, v: int) -> int:
    return 16 * h**2 + 8 * h - h * v + v + 13 * h * q * b - q * b * v - 18 * q * b + 18 * q + 51


def _character_terms(h: int, q: int, b: int, v: int) -> int:
    return 22 * h**2 + 20 * h - h * v + v - q * b * v - 18 * q * b


_UPDATE = (
    "an update takes three operations for each weight where Optax's takes two, and touches only rows of the table "
    "of words that were read"
)
_STEPS = "gates and their gradients operator by operator, and the rows of the table that were read"
_LOSS = "-q*b*v, softmax and loss as one operator"
_WORD_WHY = (
    f"16*h**2 + 8*h - h*v + v: {_UPDATE}; 13*h*q*b: {_STEPS}; {_LOSS}; -18*q*b + 18*q + 51, indices and counters "
    "of loops; JAX 0.12 has one operation fewer in the derivative of tanh, 4*h*q*b in all"
)
_CHARACTER_WHY = (
    f"22*h**2 + 20*h - h*v + v: {_UPDATE}; {_LOSS}; -18*q*b, indices: the terms of the word model. No closed form of "
    "this model is published; 32*h*q*b + 1,543 is left over, 0.012 %, which must be steps of gates and their gradients "
    "(JAX 0.12 has one operation fewer in the derivative of tanh: 42*h*q*b)"
)


_LANGUAGE_MODELS = catamount("tf_language_models.py")


def _language(
    sizes: dict[str, int], params: int, flops: int, beyond: int, why: str, tolerance: float = 0
) -> tuple[Published, ...]:
    """Catamount's two figures of a language model's training step."""
    return (
        Published(
            quantity="params",
            figure=params,
            tolerance=0,
            sizes=sizes,
            convention="all variables of the TensorFlow graph",
            source=_LANGUAGE_MODELS,
            beyond=2,
            why="learning rate and step counter, which are variables there",
        ),
        Published(
            quantity="flops",
            figure=flops,
            tolerance=tolerance,
            sizes=sizes,
            convention=f"{STEP}, by stochastic gradient descent",
            source=_LANGUAGE_MODELS,
            under="catamount",
            program="training",
            beyond=beyond,
            why=why,
        ),
    )


RECURRENT = (
    Entry(
        name="rnn",
        title="Layer of simple recurrent units over a sequence",
        paper="Elman: Finding Structure in Time, Cognitive Science 14, 1990",
        recipe="recurrent:rnn",
        dims=_LAYER,
    ),
    Entry(
        name="lstm-bidirectional",
        title="LSTM layers over a sequence in both directions",
        paper=f"Schuster, Paliwal: Bidirectional Recurrent Neural Networks, 1997; {_HOCHREITER}",
        recipe="recurrent:lstm_bidirectional",
        dims=_LAYER,
    ),
    Entry(
        name="translation",
        title="Encoder and decoder with additive attention",
        paper="Bahdanau, Cho, Bengio: Neural Machine Translation by Jointly Learning to Align and Translate, "
        "ICLR 2015, arXiv:1409.0473",
        recipe="translation:translation",
        dims=(
            Dim("B", "sentences", (1, 2, 3)),
            Dim("S", "words of the source", (1, 2, 5)),
            Dim("T", "words of the target", (1, 3, 4)),
            Dim("F", "features of a word", (1, 3, 4)),
            Dim("H", "hidden units", (1, 2, 5)),
            WORDS,
        ),
    ),
    Entry(
        name="word-lm",
        title="Language model of words, two LSTM layers",
        paper="Jozefowicz et al.: Exploring the Limits of Language Modeling, 2016, arXiv:1602.02410",
        recipe="language:words",
        dims=_LANGUAGE,
        optimizer=("sgd", 0.2),
        published=_language(_WORDS, 104_378_326, 2_597_058_084_257, _word_terms(**_WORDS), _WORD_WHY, 2e-5),
    ),
    Entry(
        name="char-lm",
        title="Language model of characters, a recurrent highway network of depth 10",
        paper="Zilly et al.: Recurrent Highway Networks, ICML 2017, arXiv:1607.03474",
        recipe="language:characters",
        dims=_LANGUAGE,
        optimizer=("sgd", 0.2),
        published=_language(
            _CHARACTERS, 88_785_316, 10_228_050_930_711, _character_terms(**_CHARACTERS), _CHARACTER_WHY, 1.7e-4
        ),
    ),
)

ROWS = (*TRANSFORMERS, *RECURRENT)
