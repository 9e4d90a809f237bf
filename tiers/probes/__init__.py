"""One look at one service, and what people are told when it cannot be used."""
