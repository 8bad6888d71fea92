"""Whether equal chances were equal: what tied partners got, against what chance gives, for anybody to compute again."""
