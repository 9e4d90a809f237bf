"""What a team's gateway keeps: users, teams, missions, tasks, notes, and the missions' events."""
