"""Population health management: practice registers in, case-finding lists and PCN comparisons out."""
