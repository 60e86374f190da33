"""Reception: five dialects over one model; each translates and decides nothing."""
