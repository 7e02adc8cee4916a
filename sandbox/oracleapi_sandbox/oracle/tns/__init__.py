"""Oracle Net (TNS and TTC) as python-oracledb thin speaks it."""
