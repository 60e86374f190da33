"""`make bench`: how fast, how cheap, how soon; ratios rather than bare times, since machines differ."""
