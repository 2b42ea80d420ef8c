"""Front ends: the user's model or function -> `Family`.

`to_family` and `training_family` take anything that `sc.trace` and `sc.trace_training`
take; `from_build` is for `sc.trace_family`, `build` is `sc.build`.
"""

from symcost.frontend.builder import from_build as from_build
from symcost.frontend.deferred import Deferred as Deferred
from symcost.frontend.deferred import build as build
from symcost.frontend.entry import to_family as to_family
from symcost.frontend.entry import training_family as training_family
