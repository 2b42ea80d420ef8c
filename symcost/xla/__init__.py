"""XLA itself: real compilation, and its own figures beside a formula."""

from symcost.xla.comparison import ESTIMATES as ESTIMATES
from symcost.xla.compile import XlaAnalysis as XlaAnalysis
from symcost.xla.compile import XlaProgram as XlaProgram
from symcost.xla.compile import analyze as analyze
from symcost.xla.targets import TARGETS as TARGETS
from symcost.xla.targets import Target as Target
from symcost.xla.targets import target as target
