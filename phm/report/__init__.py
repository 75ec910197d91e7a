"""The report a place or ICB reads: charts and one offline page, from published tables only."""
