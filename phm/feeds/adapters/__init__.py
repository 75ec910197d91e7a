"""Extracts in other people's forms (OMOP, ehrQL, Synthea) as a delivery in the form of our contracts.

Belongs here: reading such an extract, mapping its codes and units, and saying what was mapped, guessed and left out.
What a delivery must look like stays in the contracts.
"""
