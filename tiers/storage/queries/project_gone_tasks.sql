-- Rows that are no longer in the file go, unless somebody wrote a note about them.
DELETE FROM tasks
WHERE mission_id = %(mission_id)s AND NOT key = ANY(%(keys)s)
    AND NOT EXISTS (SELECT FROM notes WHERE notes.task_id = tasks.id)
