"""Risk: scores and segment of everybody, and how people moved between segments since the month before."""

from phm.risk.person_risk import person_risk as risk_of_people
from phm.risk.segments import segment_movement as movement
from pipelines.defs.resources import Made, Workspace
from pipelines.defs.tables import checks_of, table_assets


@table_assets("person_risk", group="risk", inputs=["person_feature"])
def person_risk(work: Workspace, feature) -> Made:
    return Made(risk_of_people(feature, reference_date=work.reference_date))


@table_assets("segment_movement", group="risk", inputs=["person_risk", "person_feature"])
def segment_movement(work: Workspace, risk, feature) -> Made:
    files = work.store.files_before("person_risk", work.partition)
    before = work.con.read_parquet([str(file) for file in files]) if files else None
    return Made(movement(risk, before, feature))


ASSETS = (person_risk, segment_movement)
CHECKS = checks_of(*ASSETS)
