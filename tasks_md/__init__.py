"""The task file: its format (pure), its graph, its lint rules, and its only writer."""
