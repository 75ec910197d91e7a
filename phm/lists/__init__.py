"""Case-finding lists: what a practice is asked to do for whom, and the workbook it gets."""
