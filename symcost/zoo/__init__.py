"""Reference models with their formulas and published figures: normal Flax modules, nothing made for symcost.

The catalogue is read without importing Flax; a model's own file is imported when it is built or traced.

Example:
    >>> from symcost import zoo
    >>> entry = zoo.get("gcn-sparse")
    >>> [dim.name for dim in entry.dims], entry.title
    (['N', 'M', 'F', 'H', 'C'], 'Graph convolutional network over edges')
"""

from symcost.zoo.catalog import ENTRIES as ENTRIES
from symcost.zoo.catalog import get as get
from symcost.zoo.catalog import names as names
from symcost.zoo.entry import Dim as Dim
from symcost.zoo.entry import Entry as Entry
from symcost.zoo.entry import Published as Published
