"""Who has printed the figures of the catalogue, and what they count; several rows name them."""

from __future__ import annotations

MACS = "multiply-accumulates of convolutions and dense layers, padding taps included"
TRAINED = "trainable parameters; the running statistics of batch normalisation are not"


def torchvision(file: str, field: str) -> str:
    """Where torchvision keeps a figure of its weights: `num_params`, or `_ops` in units of 10^9."""
    return f"torchvision/models/{file}, {field} of the weights"


def keras_hub(model: str, name: str) -> str:
    """Where KerasHub keeps the number of parameters of a checkpoint."""
    return f"keras-team/keras-hub, keras_hub/src/models/{model}/{model}_presets.py, params of {name}"


def catamount(test: str) -> str:
    """Where Catamount keeps what it counts for a TensorFlow graph."""
    return (
        "Hestness, Ardalani, Diamos: Beyond Human-Level Accuracy, PPoPP 2019: baidu-research/catamount, "
        f"catamount/tests/full/{test}"
    )


STEP = "all arithmetic of a training step in TensorFlow"
VARIABLES = "all variables of the TensorFlow graph but the optimizer's and running means"
"""What Catamount's figures count."""
