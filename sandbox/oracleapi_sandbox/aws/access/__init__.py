"""Who may call: signatures, principals, policies, and what each call asks permission for."""
