"""Comparisons of areas: definitions a clinician can review, raw counts, and the statistics on released counts."""
