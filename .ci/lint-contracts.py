"""Every contract against the Open Data Contract Standard, with the tool made for it; `make lint-contracts` runs it."""

import sys
from pathlib import Path

from datacontract.data_contract import DataContract

CONTRACTS = sorted((Path(__file__).resolve().parents[1] / "contracts").glob("*.odcs.yaml"))

failed = 0
for path in CONTRACTS:
    for check in DataContract(data_contract_file=str(path)).lint().checks:
        if check.result != "passed":
            failed += 1
            print(f"{path.name}: {check.name}: {check.reason}")
print(f"{len(CONTRACTS)} contracts, {failed} failed checks")
sys.exit(bool(failed) or not CONTRACTS)
