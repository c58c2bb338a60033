test ! -e other.db
