"""A made-up portfolio: contracts of any packs, whose borrowers mostly do what they owe."""
