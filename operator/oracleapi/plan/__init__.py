"""(Desired | None, Observed | None) turned into actions in order, and the drift they repair. Pure."""
