UPDATE tasks SET embedding = %(vector)s::vector WHERE id = %(id)s
