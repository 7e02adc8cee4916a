"""PL/SQL: lexer, parser, semantic analysis and a tree-walking runtime; SQL inside a block goes to the engine."""
