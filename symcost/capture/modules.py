"""XLA's analysis of a module given as text, which JAX itself has no public function for.

Written against jaxlib 0.10 - 0.12: `_hlo.hlo_module_from_text`, `_jax.hlo_module_cost_analysis`.
"""

from __future__ import annotations

from collections.abc import Mapping

import jax
from jaxlib import _hlo, _jax


def module_costs(text: str) -> Mapping[str, float] | None:
    """What XLA's cost analysis says of HLO text, by XLA's names; None where XLA does not take the text."""
    try:
        module = _hlo.hlo_module_from_text(text)
        return _jax.hlo_module_cost_analysis(jax.devices("cpu")[0].client, module)
    except (RuntimeError, ValueError):
        return None
