"""ORDS at the HTTP side: URL mapping, authorization, handlers, paging, errors."""
