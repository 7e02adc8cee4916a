"""What every part of the sandbox shares: clock, certificate authority, serving, state files, journals."""
