"""What the settings of a site lead to: the store its tables live in, and an engine as large as it allows."""

import ibis

from phm.config import Settings
from phm.engine import connect
from phm.store import Store


def store_of(settings: Settings) -> Store:
    return Store(settings.home, settings.vault)


def engine_of(settings: Settings) -> ibis.BaseBackend:
    """A new engine. What does not fit its memory lies in the vault until it is closed: it may hold identifiers."""
    spill = store_of(settings).spill_folder()
    return connect(threads=settings.threads, memory_limit=settings.memory_limit, temp_directory=spill)
