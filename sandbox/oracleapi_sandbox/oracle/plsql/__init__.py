"""The PL/SQL interpreter: parser and runtime; SQL inside it goes to the session."""
