"""The only rooms with I/O: each carries out actions and answers questions, and decides nothing."""
