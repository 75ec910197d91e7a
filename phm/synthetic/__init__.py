"""A made-up population with known truth, delivered in the formats practices and public bodies use.

`delivery.generate` writes one month of one integrated care board. What belongs here makes people, records
and dirt; nothing here is read by the pipeline other than the files it writes.
"""
