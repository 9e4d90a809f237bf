"""What an agent, another user or a line of text must not be able to do: each attack as a test."""
