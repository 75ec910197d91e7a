"""Which practice stands today in the place of one that closed or merged.

Belongs here: following published successions. Nothing is inferred from names, addresses or patients moving.
"""

import datetime as dt
from collections.abc import Iterable

from ibis.expr.types import Table


def successors(succession: Table, practice_codes: Iterable[str], /, *, as_at: dt.date) -> dict[str, list[str]]:
    """By code of a practice, those that stand in its place on `as_at`, sorted; a practice nobody succeeded is left out.

    `succession` is landed `practice_successor`. A successor that was itself succeeded by then stands for nobody; in a
    circle, which the file can hold where a merger was undone, every member does.
    """
    in_force = succession.filter(succession.succession_date <= as_at)
    following: dict[str, set[str]] = {}
    rows = in_force.select("practice_code", "successor_practice_code").to_pyarrow()
    for code, successor in zip(*(column.to_pylist() for column in rows.columns), strict=True):
        following.setdefault(code, set()).add(successor)
    return {code: _last(code, following) for code in practice_codes if code in following}


def _last(code: str, following: dict[str, set[str]]) -> list[str]:
    seen, open_codes = {code}, [code]
    last = set()
    while open_codes:
        here = open_codes.pop()
        ahead = following.get(here, set()) - seen
        if not ahead and here != code:
            last.add(here)
        seen |= ahead
        open_codes += ahead
    return sorted(last)
