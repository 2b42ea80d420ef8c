"""Programs as a compiler runs them: chains of element-wise operations in one kernel, views for free.

`fused` turns a program into one of kernels; traffic and peak memory are counted on that.
"""

from symcost.fusion.kernels import KERNELS as KERNELS
from symcost.fusion.kernels import compulsory as compulsory
from symcost.fusion.kernels import fused as fused
from symcost.fusion.kernels import own_traffic as own_traffic
from symcost.fusion.liveness import Live as Live
from symcost.fusion.liveness import moments as moments
from symcost.fusion.liveness import peak_rows as peak_rows
