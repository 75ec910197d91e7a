"""Who is on which list, and why: definitions clinicians can review, and their evaluation over `person_feature`."""
