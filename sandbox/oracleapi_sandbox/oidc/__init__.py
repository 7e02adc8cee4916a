"""The identity provider: discovery, JWKS, tokens right and wrong."""
