"""XLA's analysis of a module given as text, which JAX itself has no public function for.

Written against jaxlib 0.10 - 0.12: `_hlo.hlo_module_from_text`, `_jax.hlo_module_cost_analysis`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import jax


def module_costs(text: str) -> Mapping[str, float] | None:
    """What XLA's cost analysis says of HLO text, by XLA's names; None where XLA does not take the text."""
    _hlo: Any = import_module("jaxlib._hlo")
    _jax: Any = import_module("jaxlib._jax")
    try:
        module = _hlo.hlo_module_from_text(text)
        return _jax.hlo_module_cost_analysis(jax.devices("cpu")[0].client, module)
    except (RuntimeError, ValueError):
        return None
