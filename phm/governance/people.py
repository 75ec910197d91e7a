"""Finding one person in the vault by their NHS number, for somebody who may read it.

The number is checked, looked up and forgotten: it is in no message, no query text and no record.
"""

import os

import ibis
import numpy as np

from phm.errors import ConfigurationError, StoreError
from phm.nhs_numbers import is_valid
from phm.store import Partition, Store


def find_person(
    con: ibis.BaseBackend, store: Store, nhs_number: str, /, *, month: str | None = None
) -> tuple[Partition, str]:
    """The newest published month (or `month`) that holds a person, and their `person_id`.

    `nhs_number` may have spaces or hyphens between its digits.

    Raises
    ------
    ConfigurationError
        It is no valid NHS number, or the vault cannot be read.
    StoreError
        Nobody with this number is in the published months.
    """
    digits = nhs_number.strip().replace(" ", "").replace("-", "")
    if not (len(digits) == 10 and digits.isascii() and digits.isdigit() and is_valid(np.array([int(digits)])).all()):
        raise ConfigurationError("This is not an NHS number", hint="It has ten digits; the last one checks the others.")
    asked = ibis.memtable({"nhs_number": [digits]})  # a table, so that the number stands in no SQL
    for partition in reversed(store.partitions()):
        if month in (None, partition.month) and store.has("identity", partition):
            if not all(os.access(file, os.R_OK) for file in store.files("identity", partition)):
                raise ConfigurationError(
                    "The vault cannot be read by this user", name=str(store.vault), hint="Ask its owner."
                )
            identity = store.read(con, "identity", partition)
            found = identity.semi_join(asked, "nhs_number").person_id.to_pyarrow().to_pylist()
            if found:
                return partition, found[0]
    raise StoreError(
        f"Nobody with this NHS number is in {'the published months' if month is None else f'the published {month}'}",
        hint="The person may be registered elsewhere, or was rejected at landing.",
    )
