"""ORDS at its HTTP side: probes without credentials."""
