"""Everything Dagster needs to know: assets, their checks, the monthly job and what starts it."""

import dagster as dg

from pipelines.defs import automation, publication
from pipelines.defs.resources import Site

_MODULES = (*publication.MODULES, publication)


def build_defs(*, site: Site | None = None) -> dg.Definitions:
    """The whole graph; tests and the command line pass their own site."""
    return dg.Definitions(
        assets=[asset for module in _MODULES for asset in module.ASSETS],
        asset_checks=[checks for module in _MODULES for checks in module.CHECKS],
        jobs=[automation.monthly],
        schedules=[automation.monthly_on_the_fifth],
        sensors=[automation.delivery_arrived],
        resources={"site": site or Site()},
        # Steps one after the other in one process: they share an engine, whose memory is that of the machine.
        executor=dg.in_process_executor,
    )


defs = build_defs()
