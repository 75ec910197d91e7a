"""Where the made-up people live and register: practices, networks, places, small areas and their deprivation.

What belongs here draws a place of its own, with codes that were never issued. `reference.py` builds the same
`Place` from published files; `people.py` fills either with people.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

NOT_WHITE_BRITISH = 0.256
"""Share of people of England and Wales who are not White British, Census 2021 (ONS)."""
ENGLISH_LSOA_COUNT = 33_755
"""LSOAs of England on 2021 boundaries: the last rank of the IMD 2025."""

MEMBERSHIP_HEADER = [
    "PUBLICATION", "EXTRACT_DATE", "PRACTICE_CODE", "PRACTICE_NAME", "PRACTICE_POSTCODE", "PCN_CODE", "PCN_NAME",
    "ONS_SUB_ICB_LOCATION_CODE", "SUB_ICB_LOCATION_CODE", "SUB_ICB_LOCATION_NAME", "ONS_ICB_CODE", "ICB_CODE",
    "ICB_NAME", "ONS_COMM_REGION_CODE", "COMM_REGION_CODE", "COMM_REGION_NAME", "SUPPLIER_NAME",
]  # fmt: skip
PLACE_HEADER = ["Practice_Code", "Type", "PCN", "PCN_Code", "Locality", "Locality_Code", "LA", "LA_Code"]
DEPRIVATION_HEADER = [
    "LSOA code (2021)",
    "LSOA name (2021)",
    "Local Authority District code (2024)",
    "Local Authority District name (2024)",
    "Index of Multiple Deprivation (IMD) Score",
    "Index of Multiple Deprivation (IMD) Rank (where 1 is most deprived)",
    "Index of Multiple Deprivation (IMD) Decile (where 1 is most deprived 10% of LSOAs)",
]
LOOKUP_HEADER = [
    "F_LSOA11CD", "LSOA11NM", "LSOA21CD", "LSOA21NM", "CHGIND", "LAD22CD", "LAD22NM", "LAD22NMW", "ObjectId",
]  # fmt: skip
DISTRICT = ("E06999999", "Synthetic District")


@dataclass(frozen=True)
class Practice:
    """One practice and the areas its patients live in; every array has one element per area."""

    practice_code: str
    lsoa_code: np.ndarray
    patient_count: np.ndarray
    decile: np.ndarray
    """IMD decile, 1 = most deprived; 0 where the area has none (placeholders, Wales, Scotland)."""
    older: np.ndarray
    """How far ages tilt upwards: weight exp(older * (age - 40) / 40)."""
    minority: np.ndarray
    """Share of residents who are not White British, 0 to 1."""


@dataclass(frozen=True)
class Published:
    """One published table as its file has it: header and rows of text."""

    header: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Place:
    """One integrated care board: its practices, and the published tables that describe it."""

    icb_code: str
    practices: tuple[Practice, ...]
    membership: Published
    deprivation: Published
    lsoa_lookup: Published
    place_membership: Published | None

    @property
    def people_count(self) -> int:
        return int(sum(practice.patient_count.sum() for practice in self.practices))


@dataclass(frozen=True)
class Setting:
    """What one place of the board is like."""

    code: str
    name: str
    deprivation: float
    """Mean logit of the IMD percentile of its areas; below zero is more deprived than England."""
    older: float
    minority: float
    """Mean logit of the share who are not White British."""


SETTINGS = (
    Setting("QZZ01", "Harbourside", deprivation=-1.15, older=-0.05, minority=-0.7),
    Setting("QZZ02", "Downs and Vale", deprivation=1.15, older=0.15, minority=-2.4),
)
AWAY = Setting("AWAY", "Elsewhere", deprivation=0.0, older=-0.9, minority=-1.1)
"""Areas all over the country, from which one practice that sees people by video draws most of its list."""


def membership_date(reference_date: date) -> str:
    """Text of the first of the month as the published map writes it, such as 01Oct2026."""
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"01{months[reference_date.month - 1]}{reference_date.year}"


def imd_score(percentile: np.ndarray) -> np.ndarray:
    """IMD score for a national percentile (0 = most deprived): median about 18, top 1% about 75, as published."""
    return np.round(23.45 * (-np.log(percentile)) ** 0.78, 3)


def synthetic_place(people_count: int, /, *, icb_code: str, reference_date: date, rng: np.random.Generator) -> Place:
    """A board of `people_count` people in two places: one deprived, the other older and better off.

    Networks hold about 40,000 people and five practices, areas about 1,600; deprivation varies from street to
    street inside a network. The last practice of the first place draws most of its list from far away.
    """
    pcn_count = max(2, round(people_count / 40_000))
    practices_per_pcn = int(np.clip(round(people_count / pcn_count / 8_000), 2, 6))
    areas_per_pcn = int(np.clip(round(people_count / pcn_count / 1_600), 6, 40))
    first_place_pcns = (pcn_count + 1) // 2
    setting_of_pcn = [SETTINGS[0] if pcn < first_place_pcns else SETTINGS[1] for pcn in range(pcn_count)]
    away_count = int(np.clip(people_count // 2_500, 10, 200))

    home = [_areas(areas_per_pcn, setting, rng) for setting in setting_of_pcn]
    areas = {key: np.concatenate([part[key] for part in [*home, _areas(away_count, AWAY, rng)]]) for key in home[0]}
    area_pcn = np.repeat(np.arange(pcn_count + 1), [areas_per_pcn] * pcn_count + [away_count])
    area_count = len(area_pcn)
    codes = np.array([f"E0199{number:04d}" for number in range(1, area_count + 1)])
    areas["minority"] = with_mean(areas["minority"], areas["residents"] * (area_pcn < pcn_count), NOT_WHITE_BRITISH)
    rank = _ranks(areas["percentile"])
    decile = (rank - 1) * 10 // ENGLISH_LSOA_COUNT + 1

    # Networks differ in size by up to a fifth, practices by more; places lie on a line, one unit per network.
    pcn_weight = np.exp(rng.uniform(-0.12, 0.12, pcn_count))
    practice_pcn = np.repeat(np.arange(pcn_count), practices_per_pcn)
    weight = np.exp(rng.normal(0, 0.35, len(practice_pcn)))
    weight *= (pcn_weight / np.bincount(practice_pcn, weight))[practice_pcn]
    sizes = _shared_out(people_count, weight)
    position = practice_pcn + rng.uniform(-0.35, 0.35, len(practice_pcn))
    area_position = area_pcn + rng.uniform(-0.5, 0.5, area_count)
    remote = int(np.flatnonzero(practice_pcn < first_place_pcns)[-1])

    practices = []
    for index, size in enumerate(sizes):
        nearness = areas["residents"] * np.exp(-(((area_position - position[index]) / 0.22) ** 2) / 2)
        nearness[area_pcn == pcn_count] = 0
        if index == remote:
            far = np.where(area_pcn == pcn_count, areas["residents"], 0)
            nearness = 0.3 * nearness / nearness.sum() + 0.7 * far / far.sum()
        counts = rng.multinomial(size, nearness / nearness.sum())
        at = np.flatnonzero(counts)
        practices.append(
            Practice(
                practice_code=f"Y99{index + 1:03d}",
                lsoa_code=codes[at],
                patient_count=counts[at],
                decile=decile[at],
                older=areas["older"][at] - (0.5 if index == remote else 0),
                minority=areas["minority"][at],
            )
        )
    places = [*setting_of_pcn, AWAY]
    return Place(
        icb_code=icb_code,
        practices=tuple(practices),
        membership=_membership(practice_pcn, icb_code, membership_date(reference_date)),
        place_membership=_place_membership(practice_pcn, setting_of_pcn),
        deprivation=_deprivation(codes, [places[pcn] for pcn in area_pcn], areas["percentile"], rank, decile),
        lsoa_lookup=_lookup(codes, [places[pcn] for pcn in area_pcn]),
    )


def _areas(count: int, setting: Setting, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Areas of one network. The wide spread of the percentile makes neighbouring streets differ."""
    logit = setting.deprivation + rng.normal(0, 0.35) + rng.normal(0, 1.15, count)
    return {
        "percentile": np.clip(1 / (1 + np.exp(-logit)), 0.002, 0.985),
        "older": setting.older + 0.04 * logit + rng.normal(0, 0.2, count),
        "minority": setting.minority - 0.15 * logit + rng.normal(0, 0.6, count),
        "residents": rng.uniform(0.6, 1.4, count),
    }


def with_mean(logit: np.ndarray, weight: np.ndarray, mean: float) -> np.ndarray:
    """Shares (0 to 1) of which `logit` says how they differ, all moved so that their weighted mean is `mean`."""
    low, high = -20.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        share = 1 / (1 + np.exp(-(logit + middle)))
        low, high = (middle, high) if np.average(share, weights=weight) < mean else (low, middle)
    return share


def _ranks(percentile: np.ndarray) -> np.ndarray:
    """Distinct national ranks in the order of the percentiles."""
    order = np.argsort(percentile, kind="stable")
    wanted = (percentile[order] * ENGLISH_LSOA_COUNT).astype(np.int64)
    step = np.arange(len(order))
    rank = np.empty_like(wanted)
    rank[order] = np.maximum.accumulate(wanted - step) + step + 1
    return rank


def _shared_out(total: int, weight: np.ndarray) -> np.ndarray:
    """Whole numbers in proportion to `weight` that add up to `total` exactly."""
    edges = np.floor(np.cumsum(weight) / weight.sum() * total + 0.5).astype(np.int64)
    edges[-1] = total
    return np.diff(edges, prepend=0)


def _membership(practice_pcn: np.ndarray, icb_code: str, extract_date: str) -> Published:
    rows = [
        [
            "GP_PRAC_PAT_LIST", extract_date, f"Y99{index + 1:03d}", f"SYNTHETIC PRACTICE {index + 1}", "ZZ99 3VZ",
            f"U999{pcn + 1:02d}", f"SYNTHETIC PCN {pcn + 1}",
            "E38999999", "99Z", "NHS Synthetic ICB - 99Z", "E54999999", icb_code, "NHS Synthetic Integrated Care Board",
            "E40999999", "Y99", "Synthetic Region", "EMIS" if index % 2 else "TPP",
        ]
        for index, pcn in enumerate(practice_pcn)
    ]  # fmt: skip
    return Published(MEMBERSHIP_HEADER, rows)


def _place_membership(practice_pcn: np.ndarray, setting_of_pcn: list[Setting]) -> Published:
    rows = [
        [f"Y99{index + 1:03d}", "Main", f"Synthetic PCN {pcn + 1}", f"U999{pcn + 1:02d}",
         setting_of_pcn[pcn].name, setting_of_pcn[pcn].code, *reversed(DISTRICT)]
        for index, pcn in enumerate(practice_pcn)
    ]  # fmt: skip
    branch = [f"{rows[0][0]} 001", "Branch", *rows[0][2:]]
    return Published(PLACE_HEADER, [*rows, branch])


def _deprivation(codes: np.ndarray, settings: list[Setting], percentile, rank, decile) -> Published:
    score = imd_score(percentile)
    rows = [
        [code, name, *DISTRICT, str(score[index]), str(rank[index]), str(decile[index])]
        for index, (code, name) in enumerate(_names(codes, settings).items())
    ]
    return Published(DEPRIVATION_HEADER, rows)


def _lookup(codes: np.ndarray, settings: list[Setting]) -> Published:
    """Most areas unchanged since 2011; every 12th split from, merged from or redrawn out of areas of 2011 only."""
    pairs: list[tuple[str, str, str]] = []
    for index, code in enumerate(codes):
        old = f"E0198{index + 1:04d}"
        match index % 12:
            case 3 | 4 if index - index % 12 + 4 < len(codes):
                pairs.append((f"E0198{index - index % 12 + 4:04d}", code, "S"))
            case 7:
                pairs += [(old, code, "M"), (f"E0197{index + 1:04d}", code, "M")]
            case 11 if index % 24 == 11:
                pairs += [(old, code, "X"), (f"E0197{index + 1:04d}", code, "X")]
            case _:
                pairs.append((code, code, "U"))
    name = _names(codes, settings)
    rows = [
        [old, name.get(old, f"{name[new][:-1]}Z"), new, name[new], change, *DISTRICT, "", str(number)]
        for number, (old, new, change) in enumerate(pairs, start=1)
    ]
    return Published(LOOKUP_HEADER, rows)


def _names(codes: np.ndarray, settings: list[Setting]) -> dict[str, str]:
    """Name of each area, such as Harbourside 001A."""
    return {
        code: f"{setting.name} {number:03d}A"
        for number, (code, setting) in enumerate(zip(codes, settings, strict=True), start=1)
    }
