grep -q "a quote is never closed: lines 3 to 20003 are one unfinished record of 160003 bytes,,in.csv,2,3," bad.csv
