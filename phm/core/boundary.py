"""Two views of a PCN: the people on its practices' registers, and the areas in which most are registered with it.

Belongs here: who lives where compared with who is registered where. A digital-first practice, whose people live all
over a city, looks like any other in the registered view and like nothing else in this one. Contiguity is not assumed.
All of it counts single people: what is shown outside the site goes through `governance.disclosure`.
"""

import ibis
from ibis.expr.types import FloatingValue, IntegerValue, Table

from phm.core.homes import ENGLAND, OUTSIDE_ENGLAND, PLACEHOLDER, UNKNOWN, home_kind, summed
from phm.core.memberships import UNALLOCATED_PCN

COVERED_PART = 3
"""An LSOA lies inside no PCN where fewer people are at hand than a third of those at hand in the LSOA of the average
person. LSOAs hold 1,000 to 3,000 residents each (ONS), so most of its people must be registered elsewhere: with
practices of another ICB when only one is at hand."""

OUT_OF_AREA_PERCENT = 50.0
"""A practice or PCN is out of area where more than this share of its people lives outside its ICB's areas."""


def pcn_boundary(homes: Table, membership: Table, /) -> Table:
    """`core_pcn_boundary`: one row is one LSOA with one PCN that registers people living there.

    Parameters
    ----------
    homes
        People by `practice_code` and `lsoa_code`, in `patient_count` (`phm.core.homes`).
    membership
        `practice_code` with `pcn_code`, such as `core_geography`. People of practices it does not know count among
        the residents of an LSOA.
    """
    return _shares(homes, membership, area="pcn_code").rename(pcn_code="area_code")


def pcn_facts(homes: Table, membership: Table, boundary: Table, /, *, districts: Table | None = None) -> Table:
    """The boundary view of each PCN: one row is one PCN.

    Columns are `pcn_code`, `practice_count`; the people on its registers (`patient_count`) by where they live:
    `inside_count`, `outside_count` (elsewhere in England), `outside_england_count`, `no_area_count` (nowhere known);
    `inside_pct` of those who live in England; the areas inside it: `lsoa_count`, `resident_count` (people living
    there on any register at hand), `registered_elsewhere_count` and `_pct` of them; `district_count`, the local
    authorities they lie in (null without `districts`).

    Parameters
    ----------
    homes, membership
        As `pcn_boundary` has them.
    boundary
        `core_pcn_boundary`.
    districts
        `lsoa_code` with `lad_code`, such as the areas of a `FittedIndex`.
    """
    inside = boundary.filter("is_inside")
    areas = inside.group_by("pcn_code").agg(
        lsoa_count=inside.count(),
        resident_count=summed(inside.lsoa_patient_count),
        inside_count=summed(inside.patient_count),
    )
    members = membership.select(member_code="practice_code", pcn_code="pcn_code")
    joined = homes.join(members, homes.practice_code == members.member_code)
    registered = joined.group_by("pcn_code").agg(practice_count=joined.practice_code.nunique(), **_by_kind(joined))
    facts = registered.left_join(areas, "pcn_code").drop("pcn_code_right")
    counted = ("lsoa_count", "resident_count", "inside_count")
    facts = facts.mutate(**{name: facts[name].fill_null(0).cast("int64") for name in counted})
    elsewhere = facts.resident_count - facts.inside_count
    facts = facts.mutate(
        outside_count=facts.england_count - facts.inside_count,
        registered_elsewhere_count=elsewhere,
        inside_pct=_percent(facts.inside_count, facts.england_count),
        registered_elsewhere_pct=_percent(elsewhere, facts.resident_count),
    ).drop("england_count")
    if districts is None:
        return facts.mutate(district_count=ibis.null("int64")).order_by("pcn_code")
    of_lsoa = inside.join(districts.select("lsoa_code", "lad_code"), "lsoa_code")
    counts = of_lsoa.group_by("pcn_code").agg(district_count=of_lsoa.lad_code.nunique())
    return facts.left_join(counts, "pcn_code").drop("pcn_code_right").order_by("pcn_code")


def practice_facts(homes: Table, membership: Table, /, *, districts: Table | None = None) -> Table:
    """How far from each other and from their practice its people live: one row is one practice.

    Columns are `practice_code`, `pcn_code`, `icb_code`, `patient_count`, `outside_england_count`, `no_area_count`; of
    those who live in England `outside_pcn_count` and `_pct`, in no LSOA inside the practice's PCN, and
    `outside_icb_count` and `_pct`, the same of its ICB; `lsoas_per_1000`, the LSOAs they live in for every
    1,000 of them; `district_count`, the local authorities they live in (null without `districts`); and
    `is_out_of_area`: more than `OUT_OF_AREA_PERCENT` of them live outside the areas of its ICB.

    Parameters are those of `pcn_facts`; `membership` has `icb_code` too.
    """
    members = membership.select(member_code="practice_code", pcn_code="pcn_code", icb_code="icb_code")
    joined = homes.join(members, homes.practice_code == members.member_code)
    for area in ("pcn", "icb"):
        inside = _shares(homes, membership, area=f"{area}_code").filter("is_inside")
        where = inside.select(**{f"inside_{area}_lsoa_code": "lsoa_code", f"inside_{area}_code": "area_code"})
        is_there = [
            joined.lsoa_code == where[f"inside_{area}_lsoa_code"],
            joined[f"{area}_code"] == where[f"inside_{area}_code"],
        ]
        joined = joined.left_join(where, is_there)
    has_district = districts is not None
    if has_district:
        district = districts.select(lad_lsoa_code="lsoa_code", lad_code="lad_code")
        joined = joined.left_join(district, joined.lsoa_code == district.lad_lsoa_code)
    facts = joined.group_by("practice_code", "pcn_code", "icb_code").agg(
        **_by_kind(joined),
        inside_pcn_count=summed(joined.patient_count, where=joined.inside_pcn_code.notnull()),
        inside_icb_count=summed(joined.patient_count, where=joined.inside_icb_code.notnull()),
        lsoa_count=joined.lsoa_code.nunique(where=home_kind(joined.lsoa_code) == ENGLAND),
        district_count=joined.lad_code.nunique() if has_district else ibis.null("int64"),
    )
    english = facts.england_count
    facts = facts.mutate(
        outside_pcn_count=english - facts.inside_pcn_count,
        outside_pcn_pct=_percent(english - facts.inside_pcn_count, english),
        outside_icb_count=english - facts.inside_icb_count,
        outside_icb_pct=_percent(english - facts.inside_icb_count, english),
        lsoas_per_1000=1000 * facts.lsoa_count.cast("float64") / english.nullif(0),
    )
    is_out_of_area = (facts.outside_icb_pct > OUT_OF_AREA_PERCENT).fill_null(False)
    return (
        facts.mutate(is_out_of_area=is_out_of_area)
        .drop("england_count", "inside_pcn_count", "inside_icb_count")
        .order_by("practice_code")
    )


def out_of_area(homes: Table, membership: Table, /) -> list[str]:
    """Codes of the practices that are out of area (`practice_facts`), those with most people first."""
    facts = practice_facts(homes, membership)
    found = facts.filter("is_out_of_area").order_by(facts.patient_count.desc(), "practice_code")
    return found.practice_code.to_pyarrow().to_pylist()


def home_districts(homes: Table, districts: Table, /) -> Table:
    """Local authorities people live in: one row is one, `lad_code, lad_name, patient_count`, most people first.

    Both names are empty in the row of people whose LSOA lies in no known district. `districts` are as `pcn_facts` has
    them, with `lad_name`.
    """
    of_lsoa = districts.select(lad_lsoa_code="lsoa_code", lad_code="lad_code", lad_name="lad_name")
    joined = homes.left_join(of_lsoa, homes.lsoa_code == of_lsoa.lad_lsoa_code)
    counts = joined.group_by("lad_code", "lad_name").agg(patient_count=summed(joined.patient_count))
    return counts.order_by(counts.patient_count.desc(), "lad_code")


def _shares(homes: Table, membership: Table, *, area: str) -> Table:
    """One row is one English LSOA with one area of `membership`, a PCN or an ICB, that registers its people."""
    members = membership.select(member_code="practice_code", area_code=area)
    english = homes.filter((home_kind(homes.lsoa_code) == ENGLAND) & (homes.patient_count > 0))
    joined = english.left_join(members, english.practice_code == members.member_code)
    counts = joined.group_by("lsoa_code", "area_code").agg(patient_count=summed(joined.patient_count))
    is_area = counts.area_code.notnull() & (counts.area_code != UNALLOCATED_PCN)
    largest_first = [is_area.desc(), counts.patient_count.desc(), counts.area_code.asc()]
    of_lsoa = counts.patient_count.sum().over(ibis.window(group_by="lsoa_code")).cast("float64").cast("int64")
    ranked = counts.mutate(
        lsoa_patient_count=of_lsoa,
        rank=ibis.row_number().over(ibis.window(group_by="lsoa_code", order_by=largest_first)),
        is_area=is_area,
    )
    everywhere = ibis.window()
    squares = (ranked.patient_count * ranked.lsoa_patient_count).sum().over(everywhere)
    people = ranked.patient_count.sum().over(everywhere)
    is_covered = ranked.lsoa_patient_count * people * COVERED_PART >= squares
    shares = ranked.mutate(is_covered=is_covered).filter(lambda t: t.area_code.notnull())
    return shares.select(
        "lsoa_code",
        "area_code",
        "patient_count",
        "lsoa_patient_count",
        lsoa_share=shares.patient_count.cast("float64") / shares.lsoa_patient_count,
        is_inside=shares.is_area & shares.is_covered & (shares["rank"] == 0),
    )


def _by_kind(homes: Table) -> dict[str, IntegerValue]:
    """All people of a group, and those who live in England, outside, and nobody knows where."""
    kind, people = home_kind(homes.lsoa_code), homes.patient_count
    return {
        "patient_count": summed(people),
        "england_count": summed(people, where=kind == ENGLAND),
        "outside_england_count": summed(people, where=kind == OUTSIDE_ENGLAND),
        "no_area_count": summed(people, where=kind.isin([PLACEHOLDER, UNKNOWN])),
    }


def _percent(part: IntegerValue, whole: IntegerValue) -> FloatingValue:
    return 100 * part.cast("float64") / whole.nullif(0)
