"""SQL on PostgreSQL: sessions, users and roles, DDL, translation, dictionary views."""
