"""OpenID Connect discovery, as API Gateway and ORDS do it."""
