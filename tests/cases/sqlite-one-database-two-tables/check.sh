test "$(sqlite3 shop.db 'SELECT count(*), sum(n) FROM b')" = '250|62750'
