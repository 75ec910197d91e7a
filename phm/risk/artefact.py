"""A trained model as files: saved without pickle, named by version, refused where it does not fit.

Belongs here: what lies in `<home>/models/undiagnosed_hypertension/<version>/`: `model.skops` (skops, which loads only
types it is told to trust), `model.json` (what else it takes to use it) and the model card. No file holds a person.
"""

import hashlib
import json
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sklearn
import skops.io

from phm.errors import ConfigurationError
from phm.feeds.contracts import load_contract
from phm.risk.landmarks import KINDS, PREDICTORS, SUMS
from phm.risk.undiagnosed import Fitted
from phm.risk.usual_pressure import UsualPressure
from phm.store import write_atomically

NAME = "undiagnosed_hypertension"
TRUSTED = (
    "numpy.dtype",
    "scipy._lib.array_api_compat.numpy._aliases.asarray",
    "scipy.interpolate._bsplines.BSpline",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
)
"""Types of the candidates that skops does not trust by itself; a file with any other is refused."""


@dataclass(frozen=True)
class Artefact:
    """A model with what was kept about it (`model.json`)."""

    version: str
    fitted: Fitted
    record: Mapping[str, Any]


def feature_contract_hash() -> str:
    """SHA-256 over what the contract says of each predictor (name, type, values and meaning) and what readings add."""
    columns = {column.name: column for column in load_contract("person_feature").columns}
    said = [[c.name, c.type, sorted(c.valid_values or ()), c.description] for c in (columns[p] for p in PREDICTORS)]
    return hashlib.sha256(json.dumps([said, SUMS, KINDS]).encode()).hexdigest()


def models_folder(home: Path, /) -> Path:
    """Where the versions of the model lie, a folder each."""
    return home / "models" / NAME


def save(fitted: Fitted, record: Mapping[str, Any], /, *, home: Path, trained_on: str, card: Mapping[str, str]) -> Path:
    """Write a new version and return its folder; `card` has the text of each further file by name."""
    model = skops.io.dumps(fitted.pipeline)
    content = {
        **record,
        "name": fitted.name,
        "calibration": {"intercept": fitted.intercept, "slope": fitted.slope},
        "usual_pressure": fitted.usual.record(),
        "trained_on": trained_on,
        "feature_contract": feature_contract_hash(),
        "scikit_learn": sklearn.__version__,
        "model_sha256": hashlib.sha256(model).hexdigest(),
    }
    text = json.dumps(content, indent=1, sort_keys=True)
    version = f"{trained_on}_{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    folder = models_folder(home) / version
    draft = folder.with_name(f".{version}.{uuid.uuid4().hex}")
    draft.mkdir(parents=True)
    try:
        (draft / "model.skops").write_bytes(model)
        for name, said in {**card, "model.json": text}.items():
            write_atomically(draft / name, said.replace("{version}", version))
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return folder


def load(version: str, /, *, home: Path) -> Artefact:
    """The model of a version.

    Raises
    ------
    ConfigurationError
        There is no such version, its files were changed, or it was made with another scikit-learn or from predictors
        that meant something else.
    """
    folder = models_folder(home) / version
    try:
        record = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        model = (folder / "model.skops").read_bytes()
    except OSError:
        raise ConfigurationError(
            "There is no such model", name=version, hint="`phm model list` names those there are."
        ) from None
    retrain = "Train it again with `phm model train`, read the new card, and name the new version in phm.toml."
    if record["scikit_learn"] != sklearn.__version__:
        what = f"The model was made with scikit-learn {record['scikit_learn']}, here is {sklearn.__version__}"
        raise ConfigurationError(what, name=version, hint=retrain)
    if record["feature_contract"] != feature_contract_hash():
        raise ConfigurationError(
            "The model was made from features that meant something else", name=version, hint=retrain
        )
    unknown = set(skops.io.get_untrusted_types(data=model)) - set(TRUSTED)
    if unknown or record["model_sha256"] != hashlib.sha256(model).hexdigest():
        raise ConfigurationError("The model's file is not the one that was trained", name=version, hint=retrain)
    pipeline = skops.io.loads(model, trusted=list(TRUSTED))
    usual = UsualPressure.of_record(record["usual_pressure"])
    return Artefact(version, Fitted(record["name"], usual, pipeline, **record["calibration"]), record)


def versions(home: Path, /) -> list[str]:
    """Versions there are, the oldest training month first."""
    return sorted(folder.name for folder in models_folder(home).glob("[!.]*") if (folder / "model.json").exists())
