SELECT name, body, dialect FROM task_files WHERE mission_id = %(id)s
