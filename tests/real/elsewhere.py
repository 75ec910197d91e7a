"""Deprivation scores that others published of practices and PCNs, to hold ours against; none of their files is here.

Both average IMD 2019 over registered people as `phm.core.deprivation` does: sum of people times the score of their LSOA
over the people whose LSOA has one. They differ from ours in the month of the registers, and in the day PCNs are as at.
"""

import datetime as dt
from collections.abc import Mapping
from statistics import correlation, median

PCNS = {
    "U00070": 8.3649, "U00147": 24.7906, "U00203": 35.4465, "U00254": 23.7810, "U00351": 18.3867, "U00367": 12.9863,
    "U00402": 23.0192, "U00639": 16.9530, "U00760": 18.4264, "U01092": 19.9327, "U01096": 13.7292, "U01198": 25.3898,
    "U01367": 6.7292, "U01577": 34.9959, "U01630": 29.6598, "U01680": 24.8702, "U01901": 19.0695, "U01916": 13.6943,
    "U01989": 20.8959, "U02049": 13.0316, "U02275": 33.1739, "U02453": 25.8303, "U02454": 11.9121, "U02610": 22.0969,
    "U02669": 10.1172, "U02671": 39.3663, "U02678": 27.8379, "U02731": 37.2047, "U02739": 12.4546, "U02749": 17.7091,
    "U93045": 26.7674, "U93148": 12.3473, "U93165": 37.5830, "U93499": 26.1552, "U93573": 10.9296, "U93726": 11.6434,
    "U93827": 26.7881, "U93843": 32.6061, "U93998": 32.4069, "U94009": 33.3110, "U94037": 19.2799, "U94184": 8.1482,
    "U94342": 36.9032, "U94373": 48.7972, "U94460": 25.3877, "U94664": 44.1377, "U94681": 19.6746, "U94747": 28.0974,
    "U94996": 19.0016, "U95154": 18.3705,
}  # fmt: skip
"""IMD 2019 by PCN: the first 30 codes in the alphabet, and 20 of its end.

Source: github.com/blackwellrd/practice_pcn_imd, outputs/pcn_imd.csv; the programme beside it keeps memberships without
an end in the ePCN file of its day."""
PCNS_AS_AT = dt.date(2023, 2, 2)
"""The day of that programme."""

PRACTICES = {
    "A81001": 32.3609, "A81002": 31.9220, "A81004": 28.0240, "A81005": 15.3982, "A81006": 35.6124, "A81007": 34.4445,
    "A81009": 35.8658, "A81011": 36.3089, "A81012": 52.6470, "A81013": 29.7228, "A81014": 23.2413, "A81016": 44.4892,
    "A81017": 18.9506, "A81018": 31.6522, "A81019": 51.0360, "A81020": 32.5908, "A81021": 36.7470, "A81022": 28.1047,
    "A81023": 46.7263, "A81025": 34.5468, "A81026": 43.0419, "A81027": 8.4983, "A81029": 48.7181, "A81030": 29.2137,
    "A81031": 37.3703, "A81032": 18.8741, "A81034": 21.2040, "A81035": 45.5057, "A81036": 28.1490, "A81037": 47.2019,
    "A81038": 48.8497, "A81039": 9.8109, "A81040": 24.1577, "A81041": 35.6725, "A81042": 44.4887, "A81043": 34.8857,
    "A81044": 34.8839, "A81045": 30.3385, "A81046": 31.4699, "A81048": 17.1087,
}  # fmt: skip
"""IMD 2019 by practice, the first 40 codes in the alphabet of those that have one.

Source: OHID Fingertips, indicator 93553, year 2019, as kept in github.com/HealthEquityEvidenceCentre/HEEC,
data/IMD/IMD_fingertips.csv."""


class Compared:
    """Differences, ours less theirs, of the areas both have."""

    def __init__(self, theirs: Mapping[str, float], ours: Mapping[str, float]) -> None:
        both = sorted(theirs.keys() & ours.keys())
        pairs = [(ours[code], theirs[code]) for code in both]
        self.count = len(both)
        differences = [a - b for a, b in pairs]
        self.median = median(abs(difference) for difference in differences)
        self.mean = sum(differences) / len(differences)
        self.largest = max(differences, key=abs)
        self.largest_code = both[differences.index(self.largest)]
        self.correlation = correlation(*zip(*pairs, strict=True))
