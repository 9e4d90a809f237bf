"""What an agent may look up of a mission, as tools of the Model Context Protocol. Reads only."""
