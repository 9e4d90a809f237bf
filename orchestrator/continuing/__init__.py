"""Going on with what another clone left: its record goes along with the claim, and is taken in."""
