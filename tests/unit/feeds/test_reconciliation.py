"""Registers beside the list sizes that are published of them."""

import datetime as dt

import duckdb

from phm.feeds.reconciliation import reconcile

DAY = dt.date(2026, 10, 31)


def test_practices_that_are_not_the_published_ones_are_named(tmp_path):
    register, published = tmp_path / "register.parquet", tmp_path / "published.parquet"
    with duckdb.connect() as con:
        con.execute(
            f"""
            COPY (
                SELECT 'A0000' || practice AS practice_code, 'p' || practice || person AS person_id,
                       CASE person % 100 WHEN 0 THEN DATE '2026-10-31' WHEN 1 THEN DATE '2026-11-01' END
                           AS deregistration_date,
                       CASE WHEN person % 100 = 2 THEN DATE '2026-10-01' END AS death_date
                FROM range(1, 5) AS p(practice), range(1000) AS n(person)
                UNION ALL SELECT 'A00001', 'p1510', NULL, NULL
            ) TO '{register}'
            """
        )
        con.execute(
            f"""
            COPY (FROM (VALUES
                ('A00001', 'ALL', 'ALL', 980), ('A00001', 'MALE', 'ALL', 480),
                ('A00002', 'ALL', 'ALL', 990),
                ('A00003', 'FEMALE', '0_4', 400), ('A00003', 'MALE', '0_4', 570), ('A00003', 'ALL', '0_4', 970)
            ) AS t(practice_code, sex, age_band, patient_count)) TO '{published}'
            """
        )
        found = reconcile(con, [register], [published], reference_date=DAY)
    assert [(p.practice_code, p.registered, p.published, p.is_beyond) for p in found] == [
        ("A00001", 980, 980, False),
        ("A00002", 980, 990, True),
        ("A00003", 980, 970, True),
        ("A00004", 980, None, True),
    ]
    assert str(found[1]) == "A00002 (980 registered, 990 published, -1.0%)"
    assert str(found[3]) == "A00004 (no size is published)"
