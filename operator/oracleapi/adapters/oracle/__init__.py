"""Oracle Database: dictionary reads and ORDS metadata through python-oracledb thin."""
