"""Community assets by PCN: what there is for people near where they live."""

from phm.core.assets import pcn_assets
from pipelines.defs.resources import Made, Workspace
from pipelines.defs.tables import checks_of, table_assets


@table_assets("pcn_asset", group="core", inputs=["feed_community_asset", "core_pcn_boundary"])
def pcn_asset(work: Workspace, community_asset, boundary) -> Made:
    assets = pcn_assets(community_asset, boundary, reference_date=work.reference_date)
    delivered = work.records(["feed_community_asset"])["feed_community_asset"]["delivered"]
    return Made(assets, [] if delivered else ["No map of community assets was delivered."])


ASSETS = (pcn_asset,)
CHECKS = checks_of(pcn_asset)
