"""Who is told what happens: one module per way to tell them, behind one Protocol."""
