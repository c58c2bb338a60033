test ! -e no.db
