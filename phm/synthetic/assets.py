"""A made-up map of community assets, and made-up centres of the made-up areas.

Organisations, offers and ways to refer are invented. Places of their own have centres, so distances can be tried; areas
of published files keep theirs to themselves.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from phm.feeds.contracts import load_contract
from phm.synthetic.geography import AWAY, Place, Published

PEOPLE_PER_ASSET = 2_500
FEWEST_ASSETS = 8
OFFERS = {
    "blood_pressure_check": ("Pharmacy", "Free blood pressure check", "People aged 40 and over"),
    "physical_activity": ("Walking Group", "Guided walks twice a week", "Adults who are not active"),
    "weight_management": ("Leisure Centre", "Twelve-week weight management course", "Adults with a BMI of 30 or over"),
    "stop_smoking": ("Stop Smoking Service", "Support and medicine to stop smoking", "Anybody who smokes"),
    "mental_wellbeing": ("Wellbeing Hub", "Talking groups and courses", "Adults with low mood or stress"),
    "community_connection": ("Community Centre", "Lunch club and befriending", "People who feel alone"),
    "debt_and_welfare_advice": ("Advice Centre", "Advice on debt, benefits and housing", "Anybody with money worries"),
    "employment_support": ("Skills Workshop", "Help to find and keep work", "Adults out of work"),
    "food_support": ("Food Pantry", "Food parcels and a shared kitchen", "Households short of food"),
}
"""For each category of the contract: kind of organisation, what it offers, for whom."""
ROUTES = {
    "drop_in": "Come in during opening hours",
    "self_referral": "Sign up at the desk",
    "link_worker": "Through the social prescribing link worker of the PCN",
    "general_practice": "By referral from the practice",
}
_SIDE = 1_000
"""Metres from one made-up area to the next."""


def community_assets(place: Place, /, *, reference_date: date, rng: np.random.Generator) -> Published:
    """The asset map: about one asset for 2,500 people, more where more people live, none of some kinds in some PCNs."""
    away = {code for code, name, *_ in place.deprivation.rows if name.startswith(AWAY.name)}
    people: dict[str, int] = {}
    for practice in place.practices:
        for code, count in zip(practice.lsoa_code.tolist(), practice.patient_count.tolist(), strict=True):
            if code.startswith("E01") and code not in away:
                people[code] = people.get(code, 0) + count
    codes = sorted(people)
    weight = np.array([people[code] for code in codes], np.float64)
    number = max(FEWEST_ASSETS, place.people_count // PEOPLE_PER_ASSET)
    at = rng.choice(len(codes), number, p=weight / weight.sum())
    kinds, routes = list(OFFERS), list(ROUTES)
    open_to = load_contract("community_asset").column("open_to").valid_values
    centres = _centres(place)
    rows = []
    for index, area in enumerate(at.tolist()):
        code = codes[area]
        category = kinds[rng.integers(len(kinds))]
        organisation, offer, for_whom = OFFERS[category]
        route = routes[rng.integers(len(routes))]
        checked = reference_date - timedelta(days=int(rng.integers(5, 500)))
        is_placed = rng.random() > 0.05  # some entries of a map give a postcode only
        spread = rng.integers(-_SIDE // 3, _SIDE // 3, 2).tolist()
        centre = (
            [str(c + s) for c, s in zip(centres[code], spread, strict=True)]
            if code in centres and is_placed
            else ["", ""]
        )
        rows.append(
            [
                f"A{index + 1:04d}", f"Synthetic {organisation} {index + 1}", category, offer,
                code if is_placed else "", "ZZ99", *centre, for_whom, route, ROUTES[route],
                open_to[rng.integers(len(open_to))], checked.isoformat(),
            ]
        )  # fmt: skip
    columns = load_contract("community_asset").columns
    return Published([column.name for column in columns if not column.optional], rows)


def lsoa_centroids(place: Place, /) -> Published | None:
    """Centres of the made-up areas, in the layout of ONS; None for areas of published files."""
    centres = _centres(place)
    rows = [[str(number), code, *map(str, centre)] for number, (code, centre) in enumerate(centres.items(), start=1)]
    return Published(["FID", "LSOA21CD", "x", "y"], rows) if rows else None


def _centres(place: Place) -> dict[str, tuple[int, int]]:
    """A made-up place lies in rows of ten areas, in the order of its codes; what is elsewhere lies far away."""
    if place.place_membership is None:
        return {}
    centres = {}
    for index, (code, name, *_) in enumerate(place.deprivation.rows):
        away = 200_000 if name.startswith(AWAY.name) else 0
        centres[code] = (400_000 + index % 10 * _SIDE, 300_000 + index // 10 * _SIDE + away)
    return centres
