"""Tables for other programs: comma-separated values, and pandas."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from symcost.errors import MissingPackageError
from symcost.report.document import Table, plain_cell

if TYPE_CHECKING:
    import pandas


def to_csv(table: Table) -> str:
    """A line for each row, the total last; formulas as text, shares from 0 to 1.

    Example:
        >>> from symcost.report.document import Formula, Module, Share
        >>> rows = ((Module(("a,b",)), Formula("2*N")),)
        >>> print(to_csv(Table(("module", "FLOPs"), rows, ("module", "flops"))), end="")
        module,flops
        "a,b",2*N
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(table.keys)
    writer.writerows([plain_cell(cell) for cell in row] for row in table.rows)
    if table.total:
        writer.writerow([plain_cell(cell) for cell in table.total])
    return file.getvalue()


def to_frame(table: Table) -> pandas.DataFrame:
    """The rows as a pandas frame, without the total: columns add up to it.

    Raises:
        MissingPackageError: pandas is not installed.
    """
    try:
        import pandas
    except ImportError as error:
        raise MissingPackageError("frames need pandas", todo="pip install 'symcost[frame]'") from error
    return pandas.DataFrame([[plain_cell(cell) for cell in row] for row in table.rows], columns=[*table.keys])
