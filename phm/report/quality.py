"""How good the data were, as counts: what landing, matching and cleaning kept a record of, for the report."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from phm.feeds.contracts import load_contract
from phm.feeds.deliveries import incomplete_practices

DEPRIVATION_SECTION = "Deprivation of the home area"
ISSUE_SECTION = "Events not used"
PRACTICE_SECTION = "Practices"
LEFT_OUT_SECTION = "Practices left out"


def quality_counts(
    records: Mapping[str, Mapping[str, Any]], issues: pd.DataFrame, geography: pd.DataFrame
) -> pd.DataFrame:
    """Counts about the data of one partition: what `governance.raw.RawQuality` takes.

    Parameters
    ----------
    records
        Table name to the record of its version (`phm.store.TableVersion`): those of the feeds and of `core_person`.
    issues
        Rows of `core_event_issue`.
    geography
        Rows of `core_geography` of the practices that delivered.
    """
    rows: list[tuple[str, str, str, int]] = []
    for table, record in sorted(records.items()):
        if record.get("delivered"):
            unit = "reference rows" if _is_public(table) else "rows"
            rows += [(table, item, unit, record[item]) for item in ("delivered", "accepted", "quarantined")]
            broken = record["rejections"] | record["warnings"]
            rows += [(table, rule, unit, count) for rule, count in sorted(broken.items()) if count]
    match = records["core_person"]["deprivation"]
    rows += [(DEPRIVATION_SECTION, kind.replace("_", " "), "people", match[kind]) for kind in match if kind != "people"]
    for (feed, reason), count in issues.groupby(["feed", "reason"])["event_count"].sum().items():
        rows.append((ISSUE_SECTION, f"{reason.replace('_', ' ')} ({feed})", "rows", int(count)))
    rows.append((PRACTICE_SECTION, "delivered", "practices", len(geography)))
    rows.append((PRACTICE_SECTION, "without a PCN", "practices", int(geography["pcn_code"].eq("U").sum())))
    by_map = int(geography["place_basis"].eq("place_membership").sum())
    rows.append((PRACTICE_SECTION, "with a place from the local map", "practices", by_map))
    rows.append((PRACTICE_SECTION, "with their sub-ICB location as place", "practices", len(geography) - by_map))
    rows += [
        (LEFT_OUT_SECTION, f"{code} ({reason})", "practices", 1)
        for code, reason in incomplete_practices(records).items()
    ]
    return pd.DataFrame(rows, columns=["section", "item", "unit", "count"])


def _is_public(feed_table: str) -> bool:
    """Whether a feed holds nothing about people: a published map or index."""
    columns = load_contract(feed_table.removeprefix("feed_")).columns
    return all(column.classification == "public" for column in columns)
