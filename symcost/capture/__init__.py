"""A JAX function at concrete sizes -> `Program`. The only room that knows jaxprs.

Dead code is removed first, as `jit` does before XLA sees a program. Calls (`jit`,
`custom_jvp_call`, `remat2` ...) are inlined; loops, branches, kernels and reducers stay
as regions. Names of primitives and of their parameters are JAX's own.

Written against jax 0.10 - 0.12. What depends on the release: `NameStack` elements
(`Scope`, `Transform`) in `scopes`, the parameter names in `calls` and `parallel`, and
`source_info_util.user_frames`.
"""

from symcost.capture.jaxprs import from_jaxpr as from_jaxpr
from symcost.capture.jaxprs import is_traced as is_traced
from symcost.capture.jaxprs import trace as trace
from symcost.capture.jaxprs import trace_donating as trace_donating
from symcost.capture.scopes import UPDATE_SCOPE as UPDATE_SCOPE
from symcost.capture.scopes import user_code as user_code
